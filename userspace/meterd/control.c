// SPDX-License-Identifier: MIT
/*
 * The control socket: one request line for each connection, one line of JSON as its answer.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/json.h"
#include "control.h"
#include "control_status.h"
#include "source.h"

#define REQUEST_MAX	256
#define CONNECTIONS_MAX	8
#define BACKLOG		16

/* A connection lives so long, whatever it does; and so long no new ones when there is no file. */
static const struct timeval patience = { .tv_sec = 10 };
static const struct timeval retry_after = { .tv_sec = 1 };

/**
 * struct control - the socket and its connections
 * @path: of the socket
 * @retry: listens again after a failure
 */
struct control {
	struct event_base *base;
	struct view view;
	struct sockaddr_un path;
	struct evconnlistener *listener;
	struct event *retry;
	struct connection *connections;
	unsigned int count;
	u64 started_ms;
	struct log_limit limit;
};

/** struct connection - somebody asks; @answered: only the rest of the answer is to be sent */
struct connection {
	struct control *control;
	struct connection *next;
	struct bufferevent *stream;
	struct event *deadline;
	bool answered;
};

static void connection_free(struct connection *k)
{
	struct control *c = k->control;
	struct connection **at = &c->connections;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	if (c->count-- == CONNECTIONS_MAX)
		evconnlistener_enable(c->listener);
	if (k->deadline)
		event_free(k->deadline);
	bufferevent_free(k->stream);
	free(k);
}

__attribute__((format(printf, 2, 3)))
static void answer_error(FILE *out, const char *format, ...)
{
	char sentence[256];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	fputs("{\"error\":", out);
	json_text(out, sentence);
	fputs("}\n", out);
}

static void answer_source(struct control *c, FILE *out, const char *name, const char *word)
{
	bool on = word && !strcmp(word, "on");

	if (!name || !word || (!on && strcmp(word, "off"))) {
		answer_error(out, "expected: source NAME on, or source NAME off");
	} else if (!sources_switch(c->view.sources, name, on)) {
		answer_error(out, "there is no source '%s'; 'meterctl status' lists them", name);
	} else {
		log_line(LEVEL_INFO, name, "switched %s by meterctl", word);
		fprintf(out, "{\"source\":\"%s\",\"on\":%s}\n", name, on ? "true" : "false");
	}
}

static void answer(struct control *c, FILE *out, char *request)
{
	char *rest, *command = strtok_r(request, " ", &rest);
	char *first = strtok_r(NULL, " ", &rest);
	char *second = first ? strtok_r(NULL, " ", &rest) : NULL;
	bool more = second && strtok_r(NULL, " ", &rest);

	if (command && !strcmp(command, "status") && !first)
		control_status_json(out, &c->view, (steady_ms() - c->started_ms) / 1000);
	else if (command && !strcmp(command, "source") && !more)
		answer_source(c, out, first, second);
	else
		answer_error(out, "expected: status, or source NAME on|off");
}

static void free_text(const void *data, size_t len, void *text)
{
	(void)data;
	(void)len;
	free(text);
}

/* False without memory. */
static bool send_answer(struct connection *k, char *request)
{
	struct evbuffer *to = bufferevent_get_output(k->stream);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool whole;

	if (!out)
		return false;
	answer(k->control, out, request);
	whole = !ferror(out);
	if (fclose(out) || !whole || evbuffer_add_reference(to, text, len, free_text, text)) {
		free(text);
		return false;
	}
	return true;
}

static void on_read(struct bufferevent *stream, void *context)
{
	struct connection *k = context;
	struct evbuffer *from = bufferevent_get_input(stream);
	char *request;
	size_t len;
	bool sent;

	request = evbuffer_readln(from, &len, EVBUFFER_EOL_LF);
	if (!request && evbuffer_get_length(from) < REQUEST_MAX)
		return;
	bufferevent_disable(stream, EV_READ);
	k->answered = true;
	/* A NUL inside ends the request early, and what is left is no request or a shorter one. */
	sent = request && len < REQUEST_MAX && strlen(request) == len && send_answer(k, request);
	free(request);
	if (!sent)
		connection_free(k);
}

static void on_written(struct bufferevent *stream, void *context)
{
	struct connection *k = context;

	(void)stream;
	if (k->answered)
		connection_free(k);
}

static void on_end(struct bufferevent *stream, short what, void *context)
{
	(void)stream;
	(void)what;
	connection_free(context);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	connection_free(context);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		      struct sockaddr *address, int len, void *context)
{
	struct control *c = context;
	struct connection *k = calloc(1, sizeof(*k));

	(void)address;
	(void)len;
	if (!k)
		goto close_fd;
	k->stream = bufferevent_socket_new(c->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!k->stream)
		goto free_connection;
	k->control = c;
	k->next = c->connections;
	c->connections = k;
	if (++c->count == CONNECTIONS_MAX)
		evconnlistener_disable(listener);
	k->deadline = event_new(c->base, -1, 0, on_deadline, k);
	bufferevent_setwatermark(k->stream, EV_READ, 0, REQUEST_MAX);
	bufferevent_setcb(k->stream, on_read, on_written, on_end, k);
	if (!k->deadline || event_add(k->deadline, &patience) ||
	    bufferevent_enable(k->stream, EV_READ))
		connection_free(k);
	return;

free_connection:
	free(k);
close_fd:
	close(fd);
}

/* Without a free file descriptor the connection stays where it is: look again later. */
static void on_accept_failed(struct evconnlistener *listener, void *context)
{
	struct control *c = context;

	log_limited(&c->limit, LEVEL_WARNING, "control", "a connection cannot be taken: %s",
		    strerror(errno));
	evconnlistener_disable(listener);
	event_add(c->retry, &retry_after);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct control *c = context;

	(void)fd;
	(void)what;
	if (c->count < CONNECTIONS_MAX)
		evconnlistener_enable(c->listener);
}

static bool somebody_listens(const struct sockaddr_un *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool listens;

	if (fd < 0)
		return false;
	/* EAGAIN: its queue is full. */
	listens = !connect(fd, (const struct sockaddr *)path, sizeof(*path)) || errno == EAGAIN;
	close(fd);
	return listens;
}

/* What a meterd that ended suddenly left behind; anything but a socket stays. */
static bool remove_stale(const struct sockaddr_un *path)
{
	struct stat st;

	if (lstat(path->sun_path, &st))
		return errno == ENOENT;
	if (!S_ISSOCK(st.st_mode)) {
		log_line(LEVEL_ERROR, "control", "%s is in the way and no socket: remove it",
			 path->sun_path);
		return false;
	}
	if (somebody_listens(path)) {
		log_line(LEVEL_ERROR, "control",
			 "another meterd listens on %s: give this one a runtime = of its own, "
			 "'meterctl status' speaks to the other", path->sun_path);
		return false;
	}
	return !unlink(path->sun_path);
}

/* Nobody else can connect before the group is right: the mode is set before the name is there. */
static int bind_socket(const struct sockaddr_un *path)
{
	const struct group *group = getgrnam(CONTROL_GROUP);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)path, sizeof(*path)))
		goto close_fd;
	if (group && chown(path->sun_path, -1, group->gr_gid) && errno != EPERM)
		goto close_fd;
	if (chmod(path->sun_path, 0660))
		goto close_fd;
	return fd;

close_fd:
	close(fd);
	return -1;
}

static bool open_socket(struct control *c)
{
	const unsigned int flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
	int fd;

	if (!remove_stale(&c->path))
		return false;
	fd = bind_socket(&c->path);
	if (fd < 0) {
		log_line(LEVEL_ERROR, "control", "%s: %s", c->path.sun_path, strerror(errno));
		return false;
	}
	c->listener = evconnlistener_new(c->base, on_accept, c, flags, BACKLOG, fd);
	if (!c->listener) {
		log_line(LEVEL_ERROR, "control", "%s: %s", c->path.sun_path, strerror(errno));
		close(fd);
		unlink(c->path.sun_path);
		return false;
	}
	evconnlistener_set_error_cb(c->listener, on_accept_failed);
	return true;
}

/**
 * control_new - opens the control socket
 * @base: the loop
 * @runtime: directory for it; is there
 * @view: what it shows; copied, what it points at lives longer
 *
 * The socket of a meterd that ended suddenly is replaced, that of a living one is not.
 *
 * Return: the socket, or NULL after a line in the log.
 */
struct control *control_new(struct event_base *base, const char *runtime,
			    const struct view *view)
{
	struct control *c = calloc(1, sizeof(*c));
	int n;

	if (!c)
		return NULL;
	c->base = base;
	c->view = *view;
	c->started_ms = steady_ms();
	c->path.sun_family = AF_UNIX;
	n = snprintf(c->path.sun_path, sizeof(c->path.sun_path), "%s/" CONTROL_SOCKET, runtime);
	if (n >= (int)sizeof(c->path.sun_path)) {
		log_line(LEVEL_ERROR, "control", "%s is too long a name for a socket: expected a "
			 "shorter runtime =", runtime);
		goto free_control;
	}
	c->retry = event_new(base, -1, 0, on_retry, c);
	if (!c->retry || !open_socket(c))
		goto free_retry;
	return c;

free_retry:
	if (c->retry)
		event_free(c->retry);
free_control:
	free(c);
	return NULL;
}

/**
 * control_free - closes the control socket
 * @c: of control_new(), or NULL
 */
void control_free(struct control *c)
{
	if (!c)
		return;
	while (c->connections)
		connection_free(c->connections);
	evconnlistener_free(c->listener);
	event_free(c->retry);
	unlink(c->path.sun_path);
	free(c);
}
