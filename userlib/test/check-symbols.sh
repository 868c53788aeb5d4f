#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
# check-symbols.sh MAP LIBRARY MAN: the library exports what the map says and
# nothing else, every exported function has a man page, every operation of the
# uapi header has its functions, and the man pages name nothing that is not there.
set -e

map=$1 lib=$2 man=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

sed -n 's/^\t\t\(kshare_[a-z0-9_]*\);$/\1/p' "$map" | sort > "$tmp/map"
"${NM:-nm}" -D --defined-only "$lib" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' |
	sort > "$tmp/lib"
if ! diff "$tmp/map" "$tmp/lib"; then
	echo "the map (<) and the library (>) differ" >&2
	bad=1
fi

while read -r name; do
	if [ ! -e "$man/man3/$name.3" ]; then
		echo "$name has no man page" >&2
		bad=1
	fi
done < "$tmp/map"

# Pages of families have names of their own.
for page in "$man"/man3/kshare_*.3; do
	name=${page##*/}
	[ -e "man/$name" ] && continue
	name=${name%.3}
	if ! grep -qx "$name" "$tmp/map" && ! grep -rq "[ *]$name(" include; then
		echo "there is a man page of $name, but no such function" >&2
		bad=1
	fi
done

# What the headers declare stands in a page, letter by letter.
cat include/kshare/*.h | sed 's,/\*.*\*/,,; /\/\*/,/\*\//d; /^#/d; s/^static inline //' | tr -d '\n' |
	sed 's/[;{}]/&\n/g' | grep -v 'kshare__data(uint8_t' | grep -o '^[a-z][^;{}=]*kshare_[a-z0-9_]*([^;{}]*)[;{]' |
	sed 's/[;{]$/;/' | tr -d ' \t' > "$tmp/declared"
cat man/*.3 | sed -n '/^\.SH SYNOPSIS/,/^\.fi/p' | sed -n 's/^\.BI\{0,1\} //p' |
	grep -v '^#include' | tr -d '\n" \t' |
	sed 's/;/;\n/g' > "$tmp/described"
[ -s "$tmp/declared" ]
while read -r declaration; do
	if ! grep -Fqx "$declaration" "$tmp/described"; then
		echo "no man page has this declaration: $declaration" >&2
		bad=1
	fi
done < "$tmp/declared"

# KSHARE_OP_DICT_SET: kshare_prep_dict_set() and kshare_dict_set()
sed -n 's/^\tKSHARE_OP_\([A-Z_]*\)[ \t]*=.*/\1/p' ../uapi/linux/kshare.h |
	tr '[:upper:]' '[:lower:]' > "$tmp/ops"
[ -s "$tmp/ops" ]
while read -r op; do
	for name in "kshare_prep_$op" "kshare_$op"; do
		# What closes a handle is kshare_unref().
		[ "$name" = kshare_close ] && name=kshare_unref
		# kshare_reply is a structure, and who serves goes on serving.
		[ "$name" = kshare_reply ] && name=kshare_answer
		[ "$name" = kshare_reply_and_serve ] && name=kshare_serve
		if ! grep -qx "$name" "$tmp/map"; then
			echo "there is no $name()" >&2
			bad=1
		fi
	done
done < "$tmp/ops"

[ $bad = 0 ] && echo "$(wc -l < "$tmp/map") symbols, $(wc -l < "$tmp/ops") operations: ok"
exit $bad
