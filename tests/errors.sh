#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# errors.sh FILE
#
# Whether the tests that have been run had each error that uapi/linux/kshare.h
# tells of: what stands in the comment on an operation, by that one, those of who
# waits by each operation that waits, and those in the table of all by any. FILE
# is what they were told in KSHARE_RETURNED. Prints TAP.

set -euo pipefail
# shellcheck source=scripts/tap.sh
. "$(dirname "$0")/../scripts/tap.sh"

[ $# = 1 ] || { echo "errors.sh wants one file" >&2; exit 2; }
header=$(dirname "$0")/../uapi/linux/kshare.h
numbers=(/usr/include/asm-generic/errno-base.h /usr/include/asm-generic/errno.h)

# What is said at one operation, and is returned by another, or by poll(2)
elsewhere="barrier_reset:ESHUTDOWN cancel:ECANCELED export_fd:ESHUTDOWN"
# Whose comment is that of another one as well
like="cell_and:cell_add cell_or:cell_add cell_xor:cell_add wait_all:wait_any
	rwlock_acquire:lock_acquire reply_and_serve:serve"

# A line an operation and an error, with their numbers, or "any" and an error
documented() {
	awk -v elsewhere="$elsewhere" -v like="${like//[$'\n\t']/ }" '
	BEGIN {
		while (split(elsewhere, words, " ") && sub(/^[^ ]* */, "", elsewhere))
			not_of[words[1]] = 1
		while (split(like, words, " ") && sub(/^[^ ]* */, "", like)) {
			split(words[1], pair, ":")
			as[pair[1]] = pair[2]
		}
		# Not everywhere the same
		known["EMFILE"] = known["ENFILE"] = known["ELOOP"] = 1
	}
	FILENAME != header { if ($1 == "#define" && $2 ~ /^E/) number[$2] = $3; next }
	/^ \*\/?$/ { op = "" }
	/^ \* E[A-Z0-9]+  / { known[$2] = 1; print "any", $2, "any", number[$2] }
	/^ \* @KSHARE_OP_[A-Z_]*:/ {
		op = tolower($2)
		gsub(/^@kshare_op_|:$/, "", op)
	}
	op { text[op] = text[op] " " $0 }
	/^\tKSHARE_OP_[A-Z_]*\t*= / { op_number[tolower(substr($1, 11))] = $3 + 0 }
	END {
		for (op in text) {
			all = text[op] " " (op in as ? text[as[op]] : "")
			if (all ~ /tag,[ *\t]*deadline\)/)
				all = all " ETIMEDOUT EINTR ECANCELED"
			if (all ~ /NOWAIT/ && all !~ /NOWAIT is EOPNOTSUPP/)
				all = all " EAGAIN"
			n = split(all, words, /[^A-Z0-9_]+/)
			for (i = 1; i <= n; i++)
				if (words[i] in known && !((op ":" words[i]) in not_of) &&
				    !seen[op, words[i]]++)
					print op, words[i], op_number[op], number[words[i]]
		}
	}' header="$header" "${numbers[@]}" "$header" | sort
}

# " OPERATION:ERROR" of all that came back, by their numbers
returned() {
	{ LC_ALL=C grep -abo 1 "$1" || :; } | awk -F : '{
		printf " %d:%d any:%d", $1 / 256, $1 % 256, $1 % 256
	}'
}

echo "TAP version 13"
had="$(returned "$1") "
while read -r op error op_number number; do
	if [[ $had = *" $op_number:$number "* ]]; then
		tap_result ok "$op: $error"
	# Only failures to order bring it.
	elif [ "$error" = ENOMEM ] && [ ! -e /proc/self/fail-nth ]; then
		tap_skip "$op: $error" "this kernel injects no faults (CONFIG_FAULT_INJECTION)"
	elif [ "$op:$error" = domain_open:EBADF ]; then
		tap_skip "$op: $error" "takes a thread that closes the descriptor at that very moment"
	else
		tap_result 'not ok' "$op: $error"
	fi
done < <(documented)
tap_end
