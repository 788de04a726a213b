/*
 * whorl_wasm2c.h: the adapter between whorl_core.h and the C code that wasm2c makes of core.baseline.wasm.
 *
 *   wasm2c -n core core.baseline.wasm -o core.c
 *   cc program.c core.c wasm-rt-impl.c -lm
 *
 * Include it in one file of the program. wasm2c up to 1.0.32 (Debian 12) names things in another way: define
 * WHORL_WASM2C_OLD there.
 */
#ifndef WHORL_WASM2C_H
#define WHORL_WASM2C_H

#include "core.h"
#include "whorl_core.h"

#ifdef WHORL_WASM2C_OLD
#define WHORL_W2C(name) Z_coreZ_##name
typedef Z_core_instance_t whorl_w2c_instance;
#else
#define WHORL_W2C(name) w2c_core_##name
typedef w2c_core whorl_w2c_instance;
#endif

/* One wrapper per export: the generated functions take the instance by its own type, and unsigned integers. */
#define WHORL_W2C_i_(name) \
  static int32_t whorl_w2c_##name(void *i) { return (int32_t)WHORL_W2C(name)(i); }
#define WHORL_W2C_i_i(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a) { return (int32_t)WHORL_W2C(name)(i, (u32)a); }
#define WHORL_W2C_i_ii(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a, int32_t b) { \
    return (int32_t)WHORL_W2C(name)(i, (u32)a, (u32)b); }
#define WHORL_W2C_i_iii(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a, int32_t b, int32_t c) { \
    return (int32_t)WHORL_W2C(name)(i, (u32)a, (u32)b, (u32)c); }
#define WHORL_W2C_i_iiii(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a, int32_t b, int32_t c, int32_t d) { \
    return (int32_t)WHORL_W2C(name)(i, (u32)a, (u32)b, (u32)c, (u32)d); }
#define WHORL_W2C_i_iiiii(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a, int32_t b, int32_t c, int32_t d, int32_t e) { \
    return (int32_t)WHORL_W2C(name)(i, (u32)a, (u32)b, (u32)c, (u32)d, (u32)e); }
#define WHORL_W2C_i_dd(name) \
  static int32_t whorl_w2c_##name(void *i, double a, double b) { return (int32_t)WHORL_W2C(name)(i, a, b); }
#define WHORL_W2C_i_id(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a, double b) { return (int32_t)WHORL_W2C(name)(i, (u32)a, b); }
#define WHORL_W2C_i_idi(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a, double b, int32_t c) { \
    return (int32_t)WHORL_W2C(name)(i, (u32)a, b, (u32)c); }
#define WHORL_W2C_i_iid(name) \
  static int32_t whorl_w2c_##name(void *i, int32_t a, int32_t b, double c) { \
    return (int32_t)WHORL_W2C(name)(i, (u32)a, (u32)b, c); }
#define WHORL_W2C_d_i(name) \
  static double whorl_w2c_##name(void *i, int32_t a) { return WHORL_W2C(name)(i, (u32)a); }

#define WHORL_W2C_WRAP(name, signature) WHORL_W2C_##signature(name)
WHORL_CORE_EXPORTS(WHORL_W2C_WRAP)
#undef WHORL_W2C_WRAP

static uint8_t *whorl_w2c_memory(void *i, size_t *length) {
  wasm_rt_memory_t *memory = WHORL_W2C(memory)(i);
  *length = (size_t)memory->size;
  return memory->data;
}

/* Makes an instance and calls its `initialize`. Returns 0, or -1 when the module speaks another version of the ABI. */
static int whorl_w2c_open(struct whorl_core *core, whorl_w2c_instance *instance) {
  if (!wasm_rt_is_initialized()) wasm_rt_init();
#ifdef WHORL_WASM2C_OLD
  Z_core_init_module();
  Z_core_instantiate(instance);
#else
  wasm2c_core_instantiate(instance);
#endif
  core->instance = instance;
  core->memory = whorl_w2c_memory;
#define WHORL_W2C_FILL(name, signature) core->name = whorl_w2c_##name;
  WHORL_CORE_EXPORTS(WHORL_W2C_FILL)
#undef WHORL_W2C_FILL
  return core->initialize(instance) == WHORL_ABI_VERSION ? 0 : -1;
}

/* Frees the instance's memory; nothing of it may be used any more. */
static inline void whorl_w2c_close(whorl_w2c_instance *instance) {
#ifdef WHORL_WASM2C_OLD
  Z_core_free(instance);
#else
  wasm2c_core_free(instance);
#endif
}

#endif
