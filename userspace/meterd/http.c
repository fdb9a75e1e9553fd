// SPDX-License-Identifier: MIT
/*
 * The HTTP server: evhttp of libevent, and the limits that it lacks.
 *
 * At most 32 connections, each with at most 8 KiB of headers and 16 KiB of bytes not yet looked at;
 * a request must be complete within ten seconds, and each part of an answer be taken within ten
 * seconds. The Host header must be one that no foreign web page can have: a page whose own name
 * was made to point here (DNS rebinding) gets nothing.
 *
 * Answers are made part by part, the next one when the socket has taken the last one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_pages.h"
#include "listen.h"

#define HEADERS_MAX	8192
#define INPUT_MAX	16384
/* Read and thrown away, so that the answer is 405 and not 413. */
#define BODY_MAX	8192
#define PATIENCE_S	10

static const char who[] = "http";

/** struct place - what a server is bound to; @host NULL: nothing */
struct place {
	char *host;
	u16 port;
	struct evhttp_bound_socket *bound;
};

/**
 * struct http - the server
 * @names: further ones that a Host header may have
 */
struct http {
	struct event_base *base;
	struct view view;
	struct evhttp *server;
	struct place at;
	char **names;
	unsigned int name_count;
	bool identity;
	struct connection *connections;
	struct http_counts counts;
};

/**
 * struct connection - what evhttp does not keep of one
 * @bev: a reference of ours
 * @evcon: NULL until welcome()
 * @timer: for welcome(), then for patience, and at once for what is @foreign
 * @watch: of the bytes that go out
 * @request: whose answer is under way in parts; NULL: none
 * @ours: the answer under way is ours
 * @foreign: it is not, and not yet replaced
 * @refused: one too many
 */
struct connection {
	struct http *http;
	struct connection *next;
	struct connection **link;
	struct bufferevent *bev;
	struct evhttp_connection *evcon;
	struct event *timer;
	struct evbuffer_cb_entry *watch;
	struct evhttp_request *request;
	struct page *page;
	bool ours;
	bool foreign;
	bool refused;
};

static void connection_free(struct connection *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->http->counts.open -= !c->refused;
	if (c->watch)
		evbuffer_remove_cb_entry(bufferevent_get_output(c->bev), c->watch);
	if (c->page)
		c->page->free(c->page);
	if (c->timer)
		event_free(c->timer);
	bufferevent_decref(c->bev);
	free(c);
}

/* evhttp closes this connection. A request without one is ours to free. */
static void on_close(struct evhttp_connection *evcon, void *arg)
{
	struct connection *c = arg;

	(void)evcon;
	if (c->request && !evhttp_request_get_connection(c->request))
		evhttp_send_reply_end(c->request);
	connection_free(c);
}

/* As if the peer had closed it; @c is gone afterwards. */
static void drop(struct connection *c)
{
	bufferevent_trigger_event(c->bev, BEV_EVENT_READING | BEV_EVENT_EOF, 0);
}

static void be_patient(struct connection *c)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };

	event_add(c->timer, &patience);
}

static void refuse(struct connection *c)
{
	static const char answer[] =
		"HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Type: application/json\r\n"
		"Retry-After: 10\r\n"
		"Connection: close\r\n"
		"\r\n"
		"{\"error\":\"too many connections at the moment, try again in some seconds\"}\n";

	send(bufferevent_getfd(c->bev), answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	drop(c);
}

/*
 * evhttp makes its connection after it asked for the bufferevent, and tells nobody. It is the
 * argument of the bufferevent's callbacks; they are gone when the connection was given up.
 */
static void welcome(struct connection *c)
{
	bufferevent_event_cb event_cb;
	void *evcon;

	bufferevent_getcb(c->bev, NULL, NULL, &event_cb, &evcon);
	if (!event_cb) {
		connection_free(c);
		return;
	}
	c->evcon = evcon;
	evhttp_connection_set_closecb(c->evcon, on_close, c);
	if (c->refused)
		refuse(c);
	else
		be_patient(c);
}

static const char *own_error(int status)
{
	switch (status) {
	case 413:
		return "a request has no body here";
	case 417:
		return "nothing that Expect could ask for is known here";
	default:
		return "this is no request of HTTP/1.1, or its headers are longer than 8 KiB";
	}
}

/*
 * evhttp's own errors are pages of HTML, which nobody can change before they are on their way to
 * the socket. Nothing of them has left yet: the loop runs what is active before it looks at
 * sockets.
 */
static void replace_page(struct connection *c)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	char line[] = "HTTP/1.1 400";
	const char *error;
	int status = 0;

	c->foreign = false;
	/* A bufferevent keeps others from the front of its bytes. */
	evbuffer_unfreeze(out, 1);
	if (evbuffer_copyout(out, line, sizeof(line) - 1) == sizeof(line) - 1)
		status = atoi(line + sizeof(line) - 4);
	if (status >= 400)
		evbuffer_drain(out, evbuffer_get_length(out));
	evbuffer_freeze(out, 1);
	if (status < 400)
		return;
	c->ours = true;
	error = own_error(status);
	evbuffer_add_printf(out, "HTTP/1.1 %d Error\r\nContent-Type: application/json\r\n"
			    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
			    "Content-Length: %zu\r\nConnection: close\r\n\r\n{\"error\":\"%s\"}\n",
			    status, strlen(error) + 13, error);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	if (c->foreign) {
		replace_page(c);
		be_patient(c);
	} else if (c->evcon) {
		drop(c);
	} else {
		welcome(c);
	}
}

/* Bytes were given to the socket. */
static void on_output(struct evbuffer *out, const struct evbuffer_cb_info *info, void *arg)
{
	struct connection *c = arg;

	(void)out;
	if (c->ours || c->foreign || !info->n_added)
		return;
	c->foreign = true;
	event_active(c->timer, EV_TIMEOUT, 1);
}

static struct connection *connection_new(struct http *h, struct event_base *base)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->bev = bufferevent_socket_new(base, -1, 0);
	c->timer = event_new(base, -1, 0, on_timer, c);
	if (!c->bev || !c->timer)
		goto fail;
	c->watch = evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, c);
	if (!c->watch)
		goto fail;
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	c->http = h;
	return c;
fail:
	if (c->bev)
		bufferevent_free(c->bev);
	if (c->timer)
		event_free(c->timer);
	free(c);
	return NULL;
}

/* evhttp asks for what to put a new connection on. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct http *h = arg;
	struct connection *c = connection_new(h, base);

	if (!c)
		return NULL;
	bufferevent_incref(c->bev);
	c->next = h->connections;
	c->link = &h->connections;
	if (c->next)
		c->next->link = &c->next;
	h->connections = c;
	c->refused = h->counts.open >= HTTP_CONNECTIONS_MAX;
	h->counts.refused += c->refused;
	h->counts.open += !c->refused;
	event_active(c->timer, EV_TIMEOUT, 1);
	return c->bev;
}

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits >= 1 && digits <= 5 && !text[digits];
}

/* Whether no web page from elsewhere can have this name: addresses, localhost, configured ones. */
static bool host_is_ours(const struct http *h, const char *host)
{
	char name[256];
	struct in6_addr address;
	const char *port;

	if (host[0] == '[') {
		size_t len = strcspn(++host, "]");

		if (!host[len] || len >= sizeof(name))
			return false;
		port = host + len + 1;
		memcpy(name, host, len);
		name[len] = '\0';
		return (!*port || (*port == ':' && is_port(port + 1))) &&
		       inet_pton(AF_INET6, name, &address) == 1;
	}
	port = strchr(host, ':');
	if (port && !is_port(port + 1))
		return false;
	if (snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, ":"), host) >=
	    (int)sizeof(name))
		return false;
	if (!strcasecmp(name, "localhost") || inet_pton(AF_INET, name, &address) == 1)
		return true;
	for (unsigned int i = 0; i < h->name_count; i++)
		if (!strcasecmp(name, h->names[i]))
			return true;
	return false;
}

static bool peer_is_loopback(struct evhttp_connection *evcon)
{
	const struct sockaddr *sa = evhttp_connection_get_addr(evcon);

	return sa && address_is_loopback(sa);
}

static unsigned int header_count(struct evkeyvalq *headers, const char *name)
{
	const struct evkeyval *header;
	unsigned int count = 0;

	TAILQ_FOREACH(header, headers, next)
		count += !strcasecmp(header->key, name);
	return count;
}

static bool has_body(struct evkeyvalq *headers)
{
	const char *length = evhttp_find_header(headers, "Content-Length");

	return header_count(headers, "Content-Length") > 1 || (length && strcmp(length, "0")) ||
	       header_count(headers, "Transfer-Encoding");
}

/* 0, or the status of why this request is not looked at. */
static int look_at_host(const struct http *h, struct evhttp_request *request, bool local,
			const char **error)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *host = evhttp_find_header(headers, "Host");
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *uri_host = uri ? evhttp_uri_get_host(uri) : NULL;
	unsigned int count = header_count(headers, "Host");

	*error = "a request has one header Host";
	if (count > 1 || (!count && (!local || !(request->major == 1 && request->minor == 0))))
		return 400;
	*error = "the header Host must be an address, localhost or one of names in "
		 "[http] of the configuration, so that no web page can read what is here";
	if ((host && !host_is_ours(h, host)) || (uri_host && !host_is_ours(h, uri_host)))
		return 403;
	return 0;
}

static int look_at(const struct http *h, struct evhttp_request *request, bool local,
		   const char **error)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(request);

	*error = "only GET and HEAD are known here: nothing can be changed over HTTP";
	if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD)
		return 405;
	*error = own_error(413);
	if (has_body(evhttp_request_get_input_headers(request)))
		return 413;
	return look_at_host(h, request, local, error);
}

static void set_headers(struct evhttp_request *request, const char *type)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
}

static void free_text(const void *data, size_t len, void *text)
{
	(void)data;
	(void)len;
	free(text);
}

/* Hands over what was printed into @text, which is freed when it was sent. */
static bool give(struct evbuffer *body, FILE *out, char **text, const size_t *len)
{
	if (!fclose(out) && !evbuffer_add_reference(body, *text, *len, free_text, *text))
		return true;
	free(*text);
	return false;
}

static void send_error(struct evhttp_request *request, int status, const char *error)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	bool head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
	char *text = NULL;
	size_t len = 0;
	FILE *out = head ? NULL : open_memstream(&text, &len);

	if (out) {
		error_json(out, error);
		give(evhttp_request_get_output_buffer(request), out, &text, &len);
	}
	set_headers(request, "application/json");
	if (status == 405)
		evhttp_add_header(headers, "Allow", "GET, HEAD");
	/* Where its body ends, and another request begins, is anybody's guess. */
	if (status == 413)
		evhttp_add_header(headers, "Connection", "close");
	evhttp_send_reply(request, status, NULL, NULL);
}

/* The next part of the answer of @c into @body. */
static enum page_step write_part(struct connection *c, struct evbuffer *body)
{
	enum page_step step;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return PAGE_FAILED;
	step = c->page->write(c->page, out);
	return give(body, out, &text, &len) ? step : PAGE_FAILED;
}

static void page_end(struct connection *c)
{
	c->page->free(c->page);
	c->page = NULL;
	c->request = NULL;
}

/* The socket has taken the last part: another one. A half answer is cut, so that it shows. */
static void on_taken(struct evhttp_connection *evcon, void *arg)
{
	struct connection *c = arg;
	struct evhttp_request *request = c->request;
	struct evbuffer *body = evbuffer_new();
	enum page_step step = body ? write_part(c, body) : PAGE_FAILED;

	(void)evcon;
	if (step == PAGE_FAILED) {
		if (body)
			evbuffer_free(body);
		drop(c);
		return;
	}
	be_patient(c);
	if (step == PAGE_LAST)
		page_end(c);
	evhttp_send_reply_chunk_with_cb(request, body, step == PAGE_MORE ? on_taken : NULL, c);
	evbuffer_free(body);
	if (step == PAGE_LAST)
		evhttp_send_reply_end(request);
}

static void send_page(struct connection *c, struct evhttp_request *request)
{
	struct evbuffer *body = evbuffer_new();
	enum page_step step = body ? write_part(c, body) : PAGE_FAILED;

	if (step == PAGE_FAILED) {
		page_end(c);
		send_error(request, 503,
			   "this cannot be read at the moment; meterd's log says why");
	} else if (step == PAGE_LAST) {
		set_headers(request, c->page->type);
		page_end(c);
		evhttp_send_reply(request, 200, NULL, body);
	} else {
		set_headers(request, c->page->type);
		c->request = request;
		evhttp_send_reply_start(request, 200, NULL);
		evhttp_send_reply_chunk_with_cb(request, body, on_taken, c);
	}
	if (body)
		evbuffer_free(body);
}

/* The last byte of an answer is with the socket. */
static void on_complete(struct evhttp_request *request, void *arg)
{
	struct connection *c = arg;

	c->ours = false;
	/* evhttp never closes what was asked to be a tunnel. */
	if (evhttp_request_get_command(request) == EVHTTP_REQ_CONNECT)
		event_active(c->timer, EV_TIMEOUT, 1);
	else
		be_patient(c);
}

static void answer(struct connection *c, struct evhttp_request *request, bool local)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	struct page_request r = {
		.view = &c->http->view,
		.path = path ? path : "",
		.query = uri ? evhttp_uri_get_query(uri) : NULL,
		.identity = local || c->http->identity,
		.counts = &c->http->counts,
	};
	char error[PAGE_ERROR_MAX];
	int status = page_open(&r, &c->page, error);

	if (status != 200) {
		send_error(request, status, error);
	} else if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
		set_headers(request, c->page->type);
		page_end(c);
		evhttp_send_reply(request, 200, NULL, NULL);
	} else {
		send_page(c, request);
	}
}

static struct connection *connection_of(const struct http *h,
					const struct evhttp_connection *evcon)
{
	struct connection *c = h->connections;

	while (c && c->evcon != evcon)
		c = c->next;
	return c;
}

static void on_request(struct evhttp_request *request, void *arg)
{
	struct http *h = arg;
	struct evhttp_connection *evcon = evhttp_request_get_connection(request);
	struct connection *c = connection_of(h, evcon);
	bool local = peer_is_loopback(evcon);
	const char *error;
	int status;

	if (!c) {
		evhttp_send_error(request, 503, NULL);
		return;
	}
	h->counts.requests++;
	c->ours = true;
	be_patient(c);
	evhttp_request_set_on_complete_cb(request, on_complete, c);
	status = look_at(h, request, local, &error);
	if (status)
		send_error(request, status, error);
	else
		answer(c, request, local);
}

static void place_leave(struct http *h, struct place *at)
{
	if (at->bound)
		evhttp_del_accept_socket(h->server, at->bound);
	free(at->host);
	*at = (struct place){ 0 };
}

static void listen_again(struct evhttp_bound_socket *bound, void *arg)
{
	(void)arg;
	evconnlistener_enable(evhttp_bound_socket_get_listener(bound));
}

static void on_again(evutil_socket_t fd, short what, void *server)
{
	(void)fd;
	(void)what;
	evhttp_foreach_bound_socket(server, listen_again, NULL);
}

/*
 * No descriptor is left: a listener that goes on would find the same at once, for ever. What a
 * listener hands over is evhttp's own, so nothing of struct http is at hand.
 */
static void on_accept_error(struct evconnlistener *listener, void *server)
{
	static const struct timeval pause = { .tv_sec = LISTEN_PAUSE_S };

	log_line(LEVEL_WARNING, who, "no connection can be taken: %s; none is for %d s",
		 strerror(errno), LISTEN_PAUSE_S);
	evconnlistener_disable(listener);
	if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_again, server,
			    &pause))
		evconnlistener_enable(listener);
}

/* NULL with errno. */
static struct evhttp_bound_socket *bind_at(struct http *h, const char *host, u16 port)
{
	struct evconnlistener *listener = listen_at(h->base, host, port, NULL, NULL);
	struct evhttp_bound_socket *bound;

	if (!listener)
		return NULL;
	bound = evhttp_bind_listener(h->server, listener);
	if (bound)
		evconnlistener_set_error_cb(listener, on_accept_error);
	else
		evconnlistener_free(listener);
	return bound;
}

static bool bind_new(struct http *h, const char *host, u16 port)
{
	struct place old = h->at, new = { .host = strdup(host), .port = port };

	errno = ENOMEM;
	if (new.host)
		new.bound = bind_at(h, host, port);
	if (!new.bound) {
		log_line(LEVEL_ERROR, who, "cannot listen on %s port %u: %s%s", host, port,
			 strerror(errno), listen_advice(errno));
		free(new.host);
		return false;
	}
	h->at = new;
	place_leave(h, &old);
	log_line(LEVEL_INFO, who, "listening on %s port %u", host, port);
	return true;
}

/* 127.0.0.1 and 0.0.0.0 can't both have one port: the old one is given up, and had again. */
static bool bind_same_port(struct http *h, const char *host, u16 port)
{
	char *before = strdup(h->at.host);
	bool bound;

	place_leave(h, &h->at);
	bound = bind_new(h, host, port);
	if (!bound && before)
		bind_new(h, before, port);
	free(before);
	return bound;
}

static void free_names(struct http *h)
{
	while (h->name_count)
		free(h->names[--h->name_count]);
	free(h->names);
	h->names = NULL;
}

static void take_names(struct http *h, const struct config *c)
{
	free_names(h);
	h->names = calloc(c->host_name_count, sizeof(*h->names));
	for (unsigned int i = 0; h->names && i < c->host_name_count; i++) {
		h->names[h->name_count] = strdup(c->host_names[i]);
		h->name_count += !!h->names[h->name_count];
	}
}

/**
 * http_configure - follows the configuration
 * @h: the server
 * @c: needed during the call only
 *
 * Binds anew where the address changed. Loop thread.
 *
 * Return: false after a line in the log when the address cannot be had: the server stays where it
 * was.
 */
bool http_configure(struct http *h, const struct config *c)
{
	h->identity = c->identity;
	take_names(h, c);
	if (!c->listen_host) {
		place_leave(h, &h->at);
		return true;
	}
	if (!h->at.host || h->at.port != c->listen_port)
		return bind_new(h, c->listen_host, c->listen_port);
	if (strcmp(h->at.host, c->listen_host))
		return bind_same_port(h, c->listen_host, c->listen_port);
	return true;
}

/**
 * http_new - a server that listens nowhere yet
 * @base: loop
 * @view: what it shows; its parts outlive the server
 *
 * Return: NULL without memory.
 */
struct http *http_new(struct event_base *base, const struct view *view)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->base = base;
	h->view = *view;
	h->server = evhttp_new(base);
	if (!h->server) {
		free(h);
		return NULL;
	}
	evhttp_set_max_headers_size(h->server, HEADERS_MAX);
	evhttp_set_max_body_size(h->server, BODY_MAX);
	/* All, also those that evhttp does not know: the answer to them is ours. */
	evhttp_set_allowed_methods(h->server, 0xffff);
	evhttp_set_bevcb(h->server, on_accept, h);
	evhttp_set_gencb(h->server, on_request, h);
	return h;
}

/**
 * http_free - closes everything; an answer that is under way is cut
 * @h: the server, or NULL; its loop has ended
 */
void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->connections) {
		if (h->connections->evcon)
			drop(h->connections);
		else
			connection_free(h->connections);
	}
	place_leave(h, &h->at);
	evhttp_free(h->server);
	free_names(h);
	free(h);
}
