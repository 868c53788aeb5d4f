#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
# aliases.sh OUTPUT PAGE…: copies the pages, and makes a page for each name that
# a page's NAME section lists.
set -e

out=$1
shift
mkdir -p "$out/man3" "$out/man4" "$out/man7"
for page in "$@"; do
	file=${page##*/}
	section=${file##*.}
	cp "$page" "$out/man$section/$file"
	[ "$section" = 3 ] || continue
	# From .SH NAME to the dash that ends the list.
	sed -n '/^\.SH NAME/,/\\-/{/^\./d;s/\\-.*//;s/,/ /g;p}' "$page" | tr ' ' '\n' |
	while read -r name; do
		[ -n "$name" ] || continue
		[ "$name.3" = "$file" ] && continue
		if [ -e "$out/man3/$name.3" ]; then
			echo "$name stands in two pages, the second is $page" >&2
			exit 1
		fi
		echo ".so man3/$file" > "$out/man3/$name.3"
	done
done
