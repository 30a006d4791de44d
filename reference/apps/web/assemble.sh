# Puts the built shell and micro-frontends together as they are served, each text with its compressed twin.
#   sh assemble.sh FOLDER
set -eu

public=$1
mkdir -p "$public/mfe"
cp -R ../shell/dist/. "$public"
cp -R ../mfe-catalog/dist "$public/mfe/catalog"
cp -R ../mfe-cart/dist "$public/mfe/cart"
# Without name and time, so that equal files have equal twins.
find "$public" -type f \( -name '*.html' -o -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.json' \) \
  -exec gzip --best --no-name --keep {} +
