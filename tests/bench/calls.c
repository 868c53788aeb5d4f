// SPDX-License-Identifier: GPL-2.0
/*
 * A method of an object that another process hosts is called: what a round trip
 * takes, beside others' ways to ask another process for something.
 */
#include "bench.h"
#include "class.h"

#include <dbus/dbus.h>
#include <linux/android/binder.h>
#include <sys/socket.h>

#define ROUNDS	2000

struct way {
	const char *name;
	const char *baseline;
	double goal;
	size_t size;			/* of the argument, 0: none */
	bool slow;			/* a tenth of the rounds will do */
	/* Makes what both sides need, or says why not. */
	bool (*open)(struct way *w);
	/* By who asks, when the other side is there, or NULL */
	void (*meet)(struct way *w);
	void (*ask)(struct way *w);
	void (*serve)(struct way *w);	/* does not return */
	int fds[4];
	DBusConnection *bus;
	binder_uintptr_t buffer;	/* of the last answer, not given back yet */
	pid_t child;
};

static char bytes[ARGS];

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* ---- ours ---- */

static bool call_open(struct way *w)
{
	(void)w;
	return true;
}

static void call_meet(struct way *w)
{
	w->fds[0] = instance();
}

static void call_ask(struct way *w)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_CALL, w->fds[0]);
	struct out out;

	if (w->size) {
		cmd.value.type = KSHARE_BYTES;
		cmd.value.len = w->size;
		cmd.value.ptr = (uintptr_t)bytes;
	}
	cmd = bench_out(cmd, &out, sizeof(out));
	check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, w->name);
}

static void call_serve(struct way *w)
{
	uint32_t class = host(w->name);
	struct kshare_cmd cmd;
	struct out out;

	cmd = bench_out(bench_cmd(KSHARE_OP_SERVE, class), &out, sizeof(out));
	for (;;) {
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == KSHARE_SERVE_CALL, w->name);
		cmd = bench_out(bench_cmd(KSHARE_OP_REPLY_AND_SERVE, class), &out, sizeof(out));
		cmd.key = bench_int(out.head.number);
	}
}

/* ---- others ---- */

static bool pipe_open(struct way *w)
{
	check(pipe(w->fds) == 0 && pipe(w->fds + 2) == 0, w->name);
	return true;
}

static void pipe_ask(struct way *w)
{
	size_t size = w->size ?: 1;
	char c;

	check(write(w->fds[1], bytes, size) == (ssize_t)size, w->name);
	check(read(w->fds[2], &c, 1) == 1, w->name);
}

static void pipe_serve(struct way *w)
{
	size_t size = w->size ?: 1;

	for (;;) {
		check(read(w->fds[0], bytes, size) == (ssize_t)size, w->name);
		check(write(w->fds[3], bytes, 1) == 1, w->name);
	}
}

static bool socket_open(struct way *w)
{
	int on = 1;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, w->fds) == 0, w->name);
	check(setsockopt(w->fds[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0, w->name);
	return true;
}

static void socket_ask(struct way *w)
{
	size_t size = w->size ?: 1;
	char c;

	check(write(w->fds[0], bytes, size) == (ssize_t)size, w->name);
	check(read(w->fds[0], &c, 1) == 1, w->name);
}

static void socket_serve(struct way *w)
{
	size_t size = w->size ?: 1;
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { bytes, size };

	for (;;) {
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};

		check(recvmsg(w->fds[1], &msg, 0) == (ssize_t)size && msg.msg_controllen,
		      w->name);
		check(write(w->fds[1], bytes, 1) == 1, w->name);
	}
}

/* A pipe, by which who serves tells that it is ready. */
static void ready_open(struct way *w)
{
	check(pipe2(w->fds + 2, O_CLOEXEC) == 0, w->name);
}

static void ready(struct way *w)
{
	check(write(w->fds[3], bytes, 1) == 1, w->name);
}

static void wait_ready(struct way *w)
{
	char c;

	close(w->fds[3]);
	check(read(w->fds[2], &c, 1) == 1, w->name);
	close(w->fds[2]);
}

/*
 * Binder, by its own protocol: a device for each way, as each has one manager,
 * which is who serves.  Numbers and what belongs to them follow each other.
 */
#define BINDER_MAP	(128 << 10)

struct binder_free {
	uint32_t number;
	binder_uintptr_t buffer;
} __attribute__((packed));

struct binder_transaction {
	struct binder_free free;
	uint32_t number;
	struct binder_transaction_data data;
} __attribute__((packed));

static bool binder_open(struct way *w)
{
	char path[40];

	snprintf(path, sizeof(path), "/dev/%s", w->name);
	if (access(path, R_OK | W_OK) < 0) {
		fprintf(stderr, "calls: no %s: %s\n", path, strerror(errno));
		return false;
	}
	ready_open(w);
	return true;
}

/* Each process has to open and map it for itself. */
static void binder_map(struct way *w)
{
	char path[40];

	snprintf(path, sizeof(path), "/dev/%s", w->name);
	w->fds[0] = open(path, O_RDWR | O_CLOEXEC);
	check(w->fds[0] >= 0, path);
	check(mmap(NULL, BINDER_MAP, PROT_READ, MAP_PRIVATE, w->fds[0], 0) != MAP_FAILED, path);
	w->buffer = 0;
}

/* Writes @size bytes of commands, and reads until @want comes. */
static struct binder_transaction_data binder_talk(struct way *w, void *commands, size_t size,
						  uint32_t want)
{
	struct binder_transaction_data data;
	char in[256];
	struct binder_write_read talk = {
		.write_size = size,
		.write_buffer = (uintptr_t)commands,
		.read_size = sizeof(in),
		.read_buffer = (uintptr_t)in,
	};
	uint32_t number;
	size_t at;

	for (;;) {
		check(ioctl(w->fds[0], BINDER_WRITE_READ, &talk) == 0, w->name);
		for (at = 0; at < talk.read_consumed; at += sizeof(number) + _IOC_SIZE(number)) {
			memcpy(&number, in + at, sizeof(number));
			if (number != want) {
				check(number == BR_NOOP || number == BR_TRANSACTION_COMPLETE,
				      w->name);
				continue;
			}
			memcpy(&data, in + at + sizeof(number), sizeof(data));
			return data;
		}
		talk.write_size = 0;
		talk.read_consumed = 0;
	}
}

/* Gives back the last answer, sends, and waits for what is @want. */
static struct binder_transaction_data binder_send(struct way *w, uint32_t number, size_t size,
						  uint32_t want)
{
	struct binder_transaction out = {
		.free = { BC_FREE_BUFFER, w->buffer },
		.number = number,
		.data = { .data_size = size, .data.ptr.buffer = (uintptr_t)bytes },
	};
	size_t skip = w->buffer ? 0 : sizeof(out.free);
	struct binder_transaction_data data;

	data = binder_talk(w, (char *)&out + skip, sizeof(out) - skip, want);
	w->buffer = data.data.ptr.buffer;
	return data;
}

static void binder_meet(struct way *w)
{
	wait_ready(w);
	binder_map(w);
}

static void binder_ask(struct way *w)
{
	binder_send(w, BC_TRANSACTION, w->size, BR_REPLY);
}

static void binder_serve(struct way *w)
{
	uint32_t enter = BC_ENTER_LOOPER;
	struct binder_transaction_data data;
	int i;

	binder_map(w);
	/* The one before is gone some time after its process. */
	for (i = 0; i < 500 && ioctl(w->fds[0], BINDER_SET_CONTEXT_MGR, 0) < 0; i++) {
		check(errno == EBUSY, w->name);
		usleep(10000);
	}
	check(i < 500, w->name);
	ready(w);
	data = binder_talk(w, &enter, sizeof(enter), BR_TRANSACTION);
	w->buffer = data.data.ptr.buffer;
	for (;;) {
		check(data.data_size == w->size, w->name);
		data = binder_send(w, BC_REPLY, 0, BR_TRANSACTION);
	}
}

/* D-Bus: a daemon of our own, and libdbus on both sides. */
#define BUS_NAME	"kshare.bench"

static pid_t bus;
static bool no_bus;
static char bus_dir[40];

static DBusConnection *bus_connect(void)
{
	DBusConnection *connection;
	char address[80];

	snprintf(address, sizeof(address), "unix:path=%s/socket", bus_dir);
	connection = dbus_connection_open_private(address, NULL);
	if (connection && !dbus_bus_register(connection, NULL)) {
		dbus_connection_close(connection);
		dbus_connection_unref(connection);
		return NULL;
	}
	return connection;
}

static void bus_close(DBusConnection *connection)
{
	dbus_connection_close(connection);
	dbus_connection_unref(connection);
}

static void bus_configure(const char *path)
{
	FILE *file = fopen(path, "w");

	check(file, path);
	fprintf(file, "<busconfig><listen>unix:path=%s/socket</listen>", bus_dir);
	fprintf(file, "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>");
	fprintf(file, "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/>");
	fprintf(file, "</policy></busconfig>\n");
	check(fclose(file) == 0, path);
}

static bool bus_start(void)
{
	DBusConnection *connection;
	char option[80];
	int i, status;

	snprintf(bus_dir, sizeof(bus_dir), "/tmp/kshare-bench-XXXXXX");
	check(mkdtemp(bus_dir), bus_dir);
	snprintf(option, sizeof(option), "--config-file=%s/config", bus_dir);
	bus_configure(strchr(option, '/'));
	bus = fork();
	check(bus >= 0, "fork");
	if (!bus) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile",
		       "--nosyslog", NULL);
		_exit(127);
	}
	for (i = 0; i < 100; i++) {
		if (waitpid(bus, &status, WNOHANG) == bus) {
			fprintf(stderr, "calls: no dbus-daemon: %s\n",
				WIFEXITED(status) && WEXITSTATUS(status) == 127 ?
				"it is not installed" : "it ended");
			bus = 0;
			no_bus = true;
			return false;
		}
		connection = bus_connect();
		if (connection) {
			bus_close(connection);
			return true;
		}
		usleep(100000);
	}
	fprintf(stderr, "calls: dbus-daemon does not answer\n");
	no_bus = true;
	return false;
}

static void bus_stop(void)
{
	char path[60];

	if (bus > 0)
		bench_kill(bus);
	bus = 0;
	snprintf(path, sizeof(path), "%s/config", bus_dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/socket", bus_dir);
	unlink(path);
	rmdir(bus_dir);
}

static bool dbus_open(struct way *w)
{
	if (no_bus || (!bus && !bus_start()))
		return false;
	ready_open(w);
	return true;
}

static void dbus_meet(struct way *w)
{
	wait_ready(w);
	w->bus = bus_connect();
	check(w->bus, w->name);
}

static void dbus_ask(struct way *w)
{
	char name[40];
	const char *array = bytes;
	DBusMessage *message, *reply;

	snprintf(name, sizeof(name), BUS_NAME ".%s", w->name);
	message = dbus_message_new_method_call(name, "/instance", BUS_NAME, "ask");
	check(message, w->name);
	if (w->size)
		check(dbus_message_append_args(message, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE, &array,
					       (int)w->size, DBUS_TYPE_INVALID), w->name);
	reply = dbus_connection_send_with_reply_and_block(w->bus, message, -1, NULL);
	check(reply, w->name);
	dbus_message_unref(message);
	dbus_message_unref(reply);
}

static void dbus_serve(struct way *w)
{
	DBusMessage *message, *reply;
	char name[40];

	w->bus = bus_connect();
	check(w->bus, w->name);
	snprintf(name, sizeof(name), BUS_NAME ".%s", w->name);
	check(dbus_bus_request_name(w->bus, name, 0, NULL) ==
	      DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER, w->name);
	ready(w);
	while (dbus_connection_read_write(w->bus, -1)) {
		while ((message = dbus_connection_pop_message(w->bus))) {
			if (dbus_message_is_method_call(message, BUS_NAME, "ask")) {
				reply = dbus_message_new_method_return(message);
				check(reply && dbus_connection_send(w->bus, reply, NULL), w->name);
				dbus_connection_flush(w->bus);
				dbus_message_unref(reply);
			}
			dbus_message_unref(message);
		}
	}
	check(false, w->name);
	_exit(1);
}

#define WAY(_name, _baseline, _goal, _size, _how) { .name = _name, .baseline = _baseline, \
	.goal = _goal, .size = _size, .open = _how##_open, .ask = _how##_ask, \
	.serve = _how##_serve }

#define MEET(_name, _baseline, _goal, _size, _slow, _how) { .name = _name, .baseline = _baseline, \
	.goal = _goal, .size = _size, .slow = _slow, .open = _how##_open, \
	.meet = _how##_meet, .ask = _how##_ask, .serve = _how##_serve }

static struct way ways[] = {
	MEET("call", "pipe", 0.9, 0, false, call),
	MEET("call_1k", "pipe", 1.1, ARGS, false, call),
	WAY("pipe", "call", 0, 0, pipe),
	WAY("pipe_1k", "call_1k", 0, ARGS, pipe),
	WAY("socket_credentials", "call", 0, 0, socket),
	WAY("socket_credentials_1k", "call_1k", 0, ARGS, socket),
	MEET("binder", "call", 0, 0, false, binder),
	MEET("binder_1k", "call_1k", 0, ARGS, false, binder),
	MEET("dbus", "call", 0, 0, true, dbus),
	MEET("dbus_1k", "call_1k", 0, ARGS, true, dbus),
};

#define WAYS	((int)(sizeof(ways) / sizeof(ways[0])))

static double run(struct bench_case *c, int loops)
{
	struct way *w = c->arg;
	int i, n = w->slow ? loops / 10 + 1 : loops;
	double begin = bench_now();

	for (i = 0; i < n; i++)
		w->ask(w);
	return (bench_now() - begin) * loops / n;
}

static double value_of(struct bench_case *cases, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(cases[i].name, name))
			return cases[i].value;
	return 0;
}

static void measure(const char *suffix, int rounds)
{
	struct bench_case cases[WAYS];
	char name[60], baseline[60];
	int i, n = 0;

	for (i = 0; i < WAYS; i++) {
		struct way *w = &ways[i];

		if (!w->open(w))
			continue;
		w->child = bench_fork();
		if (!w->child)
			w->serve(w);
		if (w->meet)
			w->meet(w);
		cases[n++] = (struct bench_case){ .name = w->name, .run = run, .arg = w };
	}
	bench_cases(cases, n, rounds);
	for (i = 0; i < n; i++) {
		struct way *w = cases[i].arg;
		double base = value_of(cases, n, w->baseline);

		bench_kill(w->child);
		snprintf(name, sizeof(name), "%s_round_trip%s", w->name, suffix);
		snprintf(baseline, sizeof(baseline), "%s_round_trip%s", w->baseline, suffix);
		bench_print(name, cases[i].value, bench_unit(), baseline, cases[i].value / base,
			    w->goal);
	}
	bus_stop();
}

static void nop(void *arg, int loops)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_NOP, 0);

	(void)arg;
	while (loops--)
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, "nop");
}

static void read_field(void *arg, int loops)
{
	struct kshare_cmd cmd = bench_cmd(KSHARE_OP_DICT_GET, *(uint32_t *)arg);
	struct out out;

	cmd.key = bench_str("field");
	cmd = bench_out(cmd, &out, sizeof(out));
	while (loops--)
		check(ioctl(fd, KSHARE_IOC_CMD, &cmd) == 0, "field");
}

static void fields(void)
{
	struct kshare_cmd cmd;
	double base, value;
	uint32_t inst;

	host("fields");
	inst = instance();
	cmd = bench_cmd(KSHARE_OP_DICT_SET, inst);
	cmd.key = bench_str("field");
	cmd.value = bench_int(1);
	bench_run(cmd);
	base = bench_time(nop, NULL, 10000);
	value = bench_time(read_field, &inst, 10000);
	bench_print("field_read", value, bench_unit(), "nop", value / base, 2);
}

int main(void)
{
	bench_open();
	place = bench_create(KSHARE_TYPE_CELL);
	bench_pin(0, true);
	measure("_one_cpu", ROUNDS);
	fields();
	bench_pin(0, false);
	if (!bench_icount())
		measure("", ROUNDS / 5);
	return 0;
}
