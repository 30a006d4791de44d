#!/bin/sh
# Takes out of a node_modules what no running service needs. Usage: prune-modules.sh FOLDER
#
# npm's own notes hold times. Declarations, maps, tests, examples and documents of packages serve nobody in an image, and of
# Prisma neither do the engines for other databases, the code generator, and what is there twice for another module system.
set -eu
cd "$1"

rm -rf .package-lock.json .bin @reference-shop
find . -type d \( -name test -o -name tests -o -name spec -o -name docs -o -name example -o -name examples \
  -o -name benchmark -o -name benchmarks -o -name .github \) -prune -exec rm -rf {} +
find . -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.md' -o -name '.*' \) -delete
find . -path '*prisma*' -type f \( -name '*cockroachdb*' -o -name '*mysql*' -o -name '*sqlite*' -o -name '*sqlserver*' \) -delete
rm -rf prisma/build/public @prisma/client/generator-build @prisma/studio-core
rm -rf effect/src effect/dist/dts effect/dist/esm fast-check/lib/esm fast-check/lib/types typescript
# Peers that npm brings along for building, the query engine that the compiler takes the place of, and a copy of the client.
rm -rf @typescript @types prisma/prisma-client @prisma/get-platform/dist/test-utils
rm -f @prisma/client/runtime/query_engine_bg.* prisma/build/query_engine_bg.* prisma/build/query_compiler_bg.*
