#!/bin/sh
# Makes the certificates and keys of the TLS tests anew, with OpenSSL 3; the results are committed.
#
#   ca, other-ca       two authorities; tests trust the first
#   chain-ca           an intermediate authority below ca; chained.pem holds a certificate of it, and it
#   localhost          DNS:localhost, IP:127.0.0.1, IP:::1          by ca
#   a, b, wild         DNS:a.example.test, b.example.test, *.wild.example.test
#   a-new              as a, with another key: what a reload brings
#   wrong-name         DNS:elsewhere.example.test
#   foreign            DNS:localhost, by other-ca
#   expired, future    DNS:localhost, valid in 2001, and from 2119 on
#   self-signed        DNS:localhost, by itself
#   only-cn.example.test   no names but the common one            by ca
#   odd-star           DNS:od*.example.test
#   client             a client's, by ca; foreign-client by other-ca
#   encrypted.key      the key of localhost, passphrase "open sesame"
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from=20200101000000Z
to=21200101000000Z
subject() { printf '/O=whorl tests/CN=%s' "$1"; }

key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }

# authority NAME: self-signed
authority() {
  key "$1"
  openssl req -new -key "$1.key" -subj "$(subject "$1")" -out "$work/$1.csr"
  sign "$1" "$1" "$from" "$to" 'basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
}

# leaf NAME AUTHORITY NAMES USAGE [FROM TO]: no NAMES, and there is nothing but the common name
leaf() {
  key "$1"
  openssl req -new -key "$1.key" -subj "$(subject "$1")" -out "$work/$1.csr"
  sign "$1" "$2" "${5:-$from}" "${6:-$to}" "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=$4${3:+
subjectAltName=$3}"
}

# sign NAME AUTHORITY FROM TO EXTENSIONS
sign() {
  printf '%s\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' "$5" > "$work/$1.ext"
  : > "$work/index.txt"
  cat > "$work/ca.conf" <<CONF
[ca]
default_ca = this
[this]
database = $work/index.txt
new_certs_dir = $work
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
organizationName = optional
commonName = supplied
CONF
  if [ "$1" = "$2" ]; then self='-selfsign'; else self="-cert $2.pem"; fi
  # shellcheck disable=SC2086
  openssl ca -batch -notext -config "$work/ca.conf" $self -keyfile "$2.key" -startdate "$3" -enddate "$4" \
    -extfile "$work/$1.ext" -in "$work/$1.csr" -out "$1.pem" 2> "$work/log" || { cat "$work/log" >&2; exit 1; }
}

authority ca
authority other-ca
key chain-ca
openssl req -new -key chain-ca.key -subj "$(subject chain-ca)" -out "$work/chain-ca.csr"
sign chain-ca ca "$from" "$to" 'basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign'
leaf localhost ca 'DNS:localhost,IP:127.0.0.1,IP:::1' serverAuth
leaf a ca DNS:a.example.test serverAuth
leaf a-new ca DNS:a.example.test serverAuth
leaf b ca DNS:b.example.test serverAuth
leaf wild ca 'DNS:*.wild.example.test' serverAuth
leaf wrong-name ca DNS:elsewhere.example.test serverAuth
leaf foreign other-ca DNS:localhost serverAuth
leaf expired ca 'DNS:localhost,IP:127.0.0.1' serverAuth 20010101000000Z 20020101000000Z
leaf future ca 'DNS:localhost,IP:127.0.0.1' serverAuth 21190101000000Z "$to"
leaf client ca DNS:client.example.test clientAuth
leaf foreign-client other-ca DNS:client.example.test clientAuth
leaf only-cn.example.test ca '' serverAuth
leaf odd-star ca 'DNS:od*.example.test' serverAuth
leaf chained chain-ca 'DNS:localhost,IP:127.0.0.1' serverAuth
cat chain-ca.pem >> chained.pem
key self-signed
openssl req -new -key self-signed.key -subj "$(subject self-signed)" -out "$work/self-signed.csr"
sign self-signed self-signed "$from" "$to" 'basicConstraints=critical,CA:FALSE
subjectAltName=DNS:localhost,IP:127.0.0.1'
openssl pkcs8 -topk8 -v2 aes-256-cbc -passout 'pass:open sesame' -in localhost.key -out encrypted.key
rm -f chain-ca.key chain-ca.pem
