# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Test results as one TAP stream, whatever ran them: the name of the program
# stands before that of each of its tests. Of a program in which something
# failed the whole output follows, behind a '#'; of any other, one line. Sourced.

tap_count=0
tap_failed=0

# tap_result ok|'not ok' NAME
tap_result() {
	tap_count=$((tap_count + 1))
	[ "$1" = ok ] || tap_failed=$((tap_failed + 1))
	printf '%s %d - %s\n' "$1" "$tap_count" "$2"
}

# tap_check NAME COMMAND [ARGUMENTS]: a test that passes if COMMAND does
tap_check() {
	local name=$1 output

	shift
	if output=$("$@" 2>&1); then
		tap_result ok "$name"
		printf '# %s: ok\n' "$name"
	else
		tap_result 'not ok' "$name"
		printf '%s\n' "$output" | sed 's/^/#   /'
	fi
}

tap_skip() { tap_result ok "$1 # SKIP $2"; }

# tap_program tap|plain SECONDS "PROGRAM [ARGUMENTS]": a program that prints TAP,
# or one that says by its exit status how it went, with 4 or 77 for "skipped".
# One that dies, takes too long, or prints other than as many results as it planned to,
# failed, whatever it printed.
tap_program() {
	local kind=$1 seconds=$2 program output status=0 begin=$EPOCHREALTIME counts

	read -ra program <<< "$3"
	output=$(mktemp)
	# The braces keep the shell's own word on a killed program out.
	{
		timeout -k 5 "$seconds" "${program[@]}" > "$output" 2>&1 < /dev/null || status=$?
	} 2> /dev/null
	counts=$(mktemp)
	awk -v kind="$kind" -v status="$status" -v seconds="$seconds" \
	    -v name="$(basename "${program[0]}")" -v count="$tap_count" -v counts="$counts" \
	    -v begin="$begin" -v end="$EPOCHREALTIME" '
	function result(how, text) {
		print how, ++count, "- " name text
		how == "ok" ? passed++ : failed++
	}
	{ line[NR] = $0 }
	kind == "plain" { next }
	/^1\.\.[0-9]+/ {
		planned = 1
		plan += substr($1, 4)
		if ($1 == "1..0" && match($0, /# *SKIP/))
			all_skipped = substr($0, RSTART)
	}
	/^Bail out!/ { bailed = $0 }
	/^(not )?ok([ \t]|$)/ {
		seen++
		how = /^not/ ? "not ok" : "ok"
		text = $0
		sub(/^(not )?ok[ \t]*[0-9]*[ \t]*(- )?[ \t]*/, "", text)
		expected = toupper(text) ~ /# *(SKIP|XFAIL|TODO)/
		print how, ++count, "- " name ": " text
		if (expected)
			skipped++
		else if (how == "ok")
			passed++
		else
			failed++
	}
	END {
		skips = status == 4 || status == 77
		if (status == 124 || status == 137)
			result("not ok", ": ends within " seconds " s")
		else if (status == 126 || status == 127)
			result("not ok", ": can be run")
		else if (status > 128)
			result("not ok", ": is not killed, by signal " status - 128)
		else if (bailed)
			result("not ok", ": " bailed)
		else if (!seen && all_skipped || !planned && !seen && skips) {
			print "ok", ++count, "- " name, all_skipped ? all_skipped : "# SKIP " line[NR]
			skipped++
		} else if (kind == "plain")
			result(status ? "not ok" : "ok", status ? ": exit status " status : "")
		else if (!planned)
			result("not ok", ": prints a plan")
		else if (seen != plan)
			result("not ok", ": prints as many results as planned, " plan ", not " seen + 0)
		else if (!seen)
			result("not ok", ": has a test")
		else if (status && !skips && !failed)
			result("not ok", ": exit status " status " although all passed")
		if (failed)
			for (i = 1; i <= NR; i++)
				print "#   " line[i]
		printf "# %s: %d passed, %d failed, %d skipped, %.1f s\n", name, passed, failed, skipped, end - begin
		print count, failed + 0 > counts
	}' "$output"
	read -r tap_count status < "$counts"
	tap_failed=$((tap_failed + status))
	rm -f "$output" "$counts"
}

# The plan stands at the end: without it, something was cut off.
tap_end() {
	printf '1..%d\n' "$tap_count"
	[ "$tap_failed" = 0 ]
}
