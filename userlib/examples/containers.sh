#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# Containers: what has a name is known in one IPC namespace of one user namespace. Two
# containers that share these two, and have all else of their own, share a counter; one
# that has its own IPC namespace, or its own user namespace, does not see it. With a
# ticket it makes no difference.
#
# A container is made here of namespaces alone, by unshare(1). To do the same with
# Docker: --device=/dev/kshare for each, --ipc=shareable for the first and
# --ipc=container:FIRST for the others.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=org.example/containers
# What a container has of its own, but for users and IPC
own='--fork --pid --mount-proc --uts --net'

wrong=0
claim() {
	echo "  $1: $2"
	[ "$2" = yes ] || wrong=1
}
equal() { if [ "$1" = "$2" ]; then echo yes; else echo "NO, but '$1'"; fi; }

# counter NAMESPACES...: adds 1 from a container of these namespaces. "none": there is
# no such counter there.
which=$name
counter() {
	unshare "$@" "$here/counter" "$which" 2> /dev/null || {
		[ $? = 2 ] && echo none
	}
}

# Runs where the counter was made, in the namespaces that the containers are to share.
if [ "${1:-}" = inside ]; then
	# shellcheck disable=SC2086 # a list of options
	{
		claim "a container adds 1" "$(equal "$(counter $own)" 1)"
		claim "another one, of other processes, names and networks, too" \
			"$(equal "$(counter $own)" 2)"
		claim "one with its own IPC namespace does not see it" \
			"$(equal "$(counter $own --ipc)" none)"
		claim "one with its own user namespace does not see it" \
			"$(equal "$(counter --user --map-root-user $own)" none)"
		which=--ticket
		claim "with a ticket it does" \
			"$(equal "$(counter --user --map-root-user --ipc $own)" 3)"
		claim "the ticket was good for one use" "$(equal "$(counter $own)" none)"
	}
	exit $wrong
fi

echo "containers: a counter is shared by those that share users and IPC"
# shellcheck disable=SC2086
if ! unshare --user --map-root-user --ipc unshare $own test -w /dev/kshare; then
	echo "skipped: no namespaces to be had, or no /dev/kshare for them"
	exit 77
fi
unshare --user --map-root-user --ipc "$here/counter" "$name" "$0" inside || wrong=1
status=0
"$here/counter" "$name" 2> /dev/null || status=$?
claim "outside of it there is no such name" "$(equal $status 2)"
[ $wrong = 0 ] && echo "as claimed" || echo "NOT as claimed"
exit $wrong
