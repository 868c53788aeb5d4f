# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts share: where things are, how a kernel of the matrix is
# found, and how the module is built for it. Sourced, never run.

export LC_ALL=C.UTF-8

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${KSHARE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kshare}
me=${0##*/}

matrix="6.1 6.12 newest debug"
# Debug kernels besides, for whoever names them: scripts/kernel/NAME.config
# changes what debug.config says.
variants="coverage kcsan rt nosmp debug-full"

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$@"; exit 125; }

# The help of a script is the comment at its head, from the second one on.
usage() {
	awk 'NR > 1 && !/^#/ { exit } NR > 3 { sub(/^# ?/, ""); print }' "$0"
}

# optarg COUNT OPTION: COUNT arguments are left, and OPTION wants one.
optarg() { [ "$1" -ge 2 ] || die "$2 wants an argument; -h tells more"; }

# The directory of a kernel in the cache:
#   build/     headers and tools, what make calls KDIR
#   make.args  what else make must be told, an argument a line
#   vmlinuz, release
#   modules/   those the initramfs loads, in order
# A debug kernel is found by what it was made of, the others by a link that
# scripts/setup moves. Raise the number when it makes something else of their
# packages.
cloud_recipe=1
kernel_dir() {
	local d

	case $1 in
	6.1|6.12|newest)
		d=$(readlink -e "$cache/kernels/$1") || :
		[[ $d == *-recipe$cloud_recipe ]] || d=
		;;
	*)
		is_kernel "$1"
		d=$(compgen -G "$cache/store/$1-*-$(debug_hash "$1")" | sort -V | tail -n1) || :
		;;
	esac
	[ -n "$d" ] && printf '%s\n' "$d"
}

is_kernel() {
	case " $matrix $variants " in *" $1 "*) ;; *)
		die "no kernel '$1': it is one of $matrix, or of $variants" ;;
	esac
}

# Whether it is one that scripts/setup builds
is_debug() { [ -e "$tree/scripts/kernel/$1.config" ]; }

# What a debug kernel is configured by: of two lines on one option, the later one
debug_configs() {
	echo "$tree/scripts/kernel/debug.config"
	[ "$1" = debug ] || echo "$tree/scripts/kernel/$1.config"
}

# Whatever changes a debug kernel changes this. How it is built is named too:
# raise the number when scripts/setup builds the same configuration otherwise.
debug_hash() {
	local h configs

	mapfile -t configs < <(debug_configs "$1")
	h=$( (echo 1; grep -hv '^#' "${configs[@]}") | sha256sum)
	printf '%s\n' "${h:0:12}"
}

need_kernel() { kernel_dir "$1" > /dev/null || "$tree/scripts/setup" --kernels "$1"; }

# Where that part of the kernel's source is that tests and checks take: the
# selftests' harness, checkpatch.pl, rules of Coccinelle, and tools/ for unit tests in user space.
kselftest_dir() { readlink -e "$cache/linux-source"; }

# make_selftests [MAKE ARGUMENTS]: into build/selftests
make_selftests() {
	make --no-print-directory -j"$(nproc)" -C "$tree/tests/selftests/kshare" \
		OUTPUT="$tree/build/selftests" KSELFTEST_DIR="$(kselftest_dir)/selftests" "$@"
}

# shellcheck disable=SC2016 # make's own variable
selftest_names() { make_selftests -s --eval 'list: ; @echo $(TEST_GEN_PROGS)' list; }

# select_names FILE...: the names of those that $pattern selects, without suffix
select_names() {
	local file

	for file; do
		file=${file##*/}
		echo "${file%.*}"
	done | grep -E -- "${pattern:-.}" || :
}

# make_module KERNEL [MAKE ARGUMENTS]
make_module() {
	local kernel=$1 dir args

	shift
	dir=$(kernel_dir "$kernel") || die "no kernel $kernel: run scripts/setup"
	mapfile -t args < "$dir/make.args"
	make --no-print-directory -C "$tree" modules \
		KDIR="$dir/build" B="build/$kernel" W=1 WERROR="${WERROR-1}" \
		"${args[@]}" "$@"
}

# build_module KERNEL: only if a source is newer. kbuild would find that out as
# well, but takes a second, which is a lot before each boot.
build_module() {
	local kernel=$1 ko=$tree/build/$1/kshare.ko log=$tree/build/$1.log dir

	mkdir -p "$tree/build"
	(
		flock 9
		dir=$(kernel_dir "$kernel")
		if [ -e "$ko" ] && [ "$(cat "$tree/build/$kernel.for" 2>/dev/null)" = "$dir" ] &&
		   [ -z "$(find "$tree/Kbuild" "$tree/module" "$tree/uapi" -newer "$ko" -print -quit)" ]; then
			exit 0
		fi
		# Objects of an older kernel of the same name are of no use.
		if [ "$(cat "$tree/build/$kernel.for" 2>/dev/null)" != "$dir" ]; then
			rm -rf "${tree:?}/build/$kernel"
			echo "$dir" > "$tree/build/$kernel.for"
		fi
		if ! make_module "$kernel" > "$log" 2>&1; then
			cat "$log" >&2
			exit 1
		fi
		# kbuild leaves an unchanged .ko alone.
		touch "$ko"
	) 9> "$tree/build/$kernel.lock" || { say "kshare.ko does not build for $kernel"; return 1; }
}

# kvm or tcg. A /dev/kvm that is there may still hang a guest, so one is tried,
# with a limit; the answer holds until the next boot of this machine.
accel() {
	local boot note kernel

	[ -z "${KSHARE_ACCEL:-}" ] || { echo "$KSHARE_ACCEL"; return; }
	boot=$(cat /proc/sys/kernel/random/boot_id)
	note=$cache/accel-$boot
	if [ ! -s "$note" ]; then
		kernel=$(kernel_dir "$1")/vmlinuz
		rm -f "$cache"/accel-*
		# No root file system: it panics, which ends QEMU.
		if [ -w /dev/kvm ] && timeout -k 1 6 qemu-system-x86_64 -accel kvm -cpu host \
			-m 256 -nodefaults -display none -no-reboot -kernel "$kernel" \
			-append 'quiet panic=-1' < /dev/null > /dev/null 2>&1; then
			echo kvm > "$note.$$"
		else
			echo tcg > "$note.$$"
		fi
		mv "$note.$$" "$note"
	fi
	cat "$note"
}

# stress_program NAME: where make_stress has put it
stress_program() {
	if [ -e "$tree/tests/stress/$1.c" ]; then
		echo "build/stress/$1"
	else
		echo "build/fuzz/$1"
	fi
}

# make_stress NAME: a program of tests/stress or tests/fuzz. It is linked statically:
# such a process is begun, and killed, in less time.
make_stress() {
	local program=$tree/build/stress/$1

	if [ ! -e "$tree/tests/stress/$1.c" ]; then
		make --no-print-directory -C "$tree/tests/fuzz" O="$tree/build/fuzz" \
			LDFLAGS=-static "$tree/build/fuzz/$1"
		return
	fi
	mkdir -p "$tree/build/stress"
	# make knows nothing of headers here
	[ -z "$(find "$tree/tests/stress" "$tree/uapi" -name '*.h' -newer "$program" \
		-print -quit 2>/dev/null)" ] || rm -f "$program"
	make --no-print-directory -C "$tree/build/stress" VPATH="$tree/tests/stress" \
		LDFLAGS=-static CFLAGS="-O2 -g -Wall -Wextra -Werror -I$tree/uapi -pthread" "$1"
}
