#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# readme.sh
#
# Does what README.md says, word for word: shows the demo, and in a guest loads
# the module by hand, installs the library, and builds and runs the first
# program. Prints TAP.

set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../scripts/lib.sh"
# shellcheck source=scripts/tap.sh
. "$tree/scripts/tap.sh"
cd "$tree"

# A command is a line indented by four spaces, without what is said about it.
commands() { sed -nE 's/^    ([^ ].*)/\1/p' "$tree/README.md" | sed -E 's/ +#.*//'; }

# shellcheck disable=SC2016 # a fence
# The lines between the fences of the first program
program() { sed -n '/^```c$/,/^```$/p' "$tree/README.md" | sed '1d;$d'; }

# follow COMMAND: runs it, if README.md has it
follow() {
	if ! commands | grep -qxF -- "$1"; then
		echo "README.md does not say: $1"
		return 1
	fi
	echo "\$ $1"
	eval "$1"
}

inside() {
	local release work

	# As if linux-headers were installed, and the user had sudo
	release=$(uname -r)
	mkdir -p "/lib/modules/$release"
	ln -sfn "$KSHARE_KDIR" "/lib/modules/$release/build"
	# shellcheck disable=SC2317 # README.md's commands call it
	sudo() { "$@"; }

	follow 'make modules'
	follow 'sudo insmod build/native/kshare.ko'
	[ -c /dev/kshare ]
	[ "$(stat -c '%a %U' /dev/kshare)" = '600 root' ]

	follow 'sudo make userlib install && sudo ldconfig'
	work=$(mktemp -d)
	program > "$work/hello.c"
	diff "$work/hello.c" <(grep -v '^/\|^ \*\|^$' userlib/examples/hello.c)
	cd "$work"
	# shellcheck disable=SC2016 # README.md's own
	follow 'cc hello.c $(pkg-config --cflags --libs libkshare) && ./a.out' | tee out
	grep -qx 'hellos of the child: 1' out
	[ -e /usr/local/share/man/man3/kshare_dict_setdefault.3 ]
	cd "$tree"

	follow 'sudo rmmod kshare'
	[ ! -e /dev/kshare ]
	follow 'sudo make modules_install && sudo depmod && sudo modprobe kshare'
	[ -c /dev/kshare ]
	rmmod kshare
}

demo() {
	scripts/demo | tee build/readme.demo
	grep -qx 'all went as they should' build/readme.demo
}

in_a_guest() {
	local kernel=6.12 dir

	need_kernel $kernel
	dir=$(kernel_dir $kernel)
	# An emulated compiler takes minutes: what is up to date is not built again.
	make -s --no-print-directory modules KDIR="$dir/build"
	make -s --no-print-directory userlib
	KSHARE_KDIR=$dir/build scripts/vm --kernel $kernel --no-module --timeout 900 -- \
		tests/readme.sh --inside
}

nothing_is_left_out() {
	local line

	while read -r line; do
		case $line in
		scripts/demo|scripts/test) continue ;;
		esac
		grep -qF "follow '$line'" tests/readme.sh ||
			{ echo "nobody tries: $line"; return 1; }
	done < <(commands)
}

if [ "${1:-}" = --inside ]; then
	inside
	exit
fi

echo "TAP version 13"
tap_check "each command of README.md is tried" nothing_is_left_out
tap_check "scripts/demo shows the examples" demo
tap_check "README.md can be followed" in_a_guest
tap_end
