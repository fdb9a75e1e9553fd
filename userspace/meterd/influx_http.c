// SPDX-License-Identifier: MIT
/*
 * Lines over HTTP/1.1: one connection that stays, and one request at a time, with all that waits.
 *
 * InfluxDB API reference, "/write" and "/api/v2/write": 204 when all was taken. What an answer
 * means for its lines is decided by its code: of lines that are wrong nothing gets better by
 * sending them again, while a server that is overloaded, has no such database yet or does not
 * know the token may take them later.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "influx.h"
#include "secret.h"

/* From the beginning of a request, or of its connection, to the end of the answer. */
#define ANSWER_MS 10000
/* Servers and proxies take more, but not all of them much more. */
#define BATCH_BYTES (256 * 1024)
#define HEADERS_MAX (16 * 1024)
/* Of an answer, its first bytes are told. */
#define BODY_TOLD 160
/* No server has more to say about a request: it is not listened to any longer. */
#define BODY_MAX (64 * 1024)

/**
 * struct influx_exchange - a connection and the request on it
 * @connection: NULL: none is made yet
 * @authorization: the header; NULL: none
 * @code: of the answer; 0: none came
 * @broken: why there was none: the connection was made, and then ended
 * @body_len: bytes of the body so far
 * @body: its beginning, ends with NUL
 */
struct influx_exchange {
	struct evhttp_connection *connection;
	char *authorization;
	int code;
	bool broken;
	size_t body_len;
	char body[BODY_TOLD + 1];
};

static void exchange_free(struct influx_exchange *x)
{
	if (x->connection)
		evhttp_connection_free(x->connection);
	secret_free(x->authorization);
	free(x);
}

/* "Token TOKEN", or of InfluxDB 1.8 and later "Token USER:PASSWORD". */
static bool read_token(struct influx_exchange *x, const char *path, char *problem, size_t size)
{
	char *token = secret_read(path, SECRET_MAX, problem, size);

	if (!token)
		return false;
	if (strpbrk(token, "\r\n"))
		snprintf(problem, size, "%s has several lines, expected one", path);
	else if (asprintf(&x->authorization, "Token %s", token) < 0)
		snprintf(problem, size, "no memory for the token");
	secret_free(token);
	return x->authorization;
}

/* The address as text, for a library that would look up a name and wait meanwhile. */
static struct evhttp_connection *connection_new(struct influx *i)
{
	const struct addrinfo *a = i->address;
	struct evhttp_connection *connection;
	char host[NI_MAXHOST];

	if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), NULL, 0, NI_NUMERICHOST))
		return NULL;
	connection = evhttp_connection_base_new(i->world->base, NULL, host, i->target.port);
	if (!connection)
		return NULL;
	/* A server may refuse lines before it has read them. */
	evhttp_connection_set_flags(connection, EVHTTP_CON_READ_ON_WRITE_ERROR);
	evhttp_connection_set_max_headers_size(connection, HEADERS_MAX);
	return connection;
}

static bool http_open(struct influx *i, char *problem, size_t size)
{
	i->http = calloc(1, sizeof(*i->http));
	if (i->http)
		return !i->token_file || read_token(i->http, i->token_file, problem, size);
	snprintf(problem, size, "no memory for a connection");
	return false;
}

static void http_close(struct influx *i)
{
	if (i->http)
		exchange_free(i->http);
	i->http = NULL;
}

/*
 * What follows from an answer waits until libevent is done with it: a connection cannot be freed
 * from within.
 */
static void answered(struct influx *i, int code)
{
	i->http->code = code;
	i->phase = INFLUX_ANSWERED;
	influx_set_timer(i, 0);
}

/* Without an answer @request is NULL or has no code. */
static void on_answer(struct evhttp_request *request, void *context)
{
	answered(context, request ? evhttp_request_get_response_code(request) : 0);
}

static void on_broken(enum evhttp_request_error error, void *context)
{
	struct influx *i = context;

	(void)error;
	i->http->broken = true;
}

static void on_body(struct evhttp_request *request, void *context)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	struct influx *i = context;
	struct influx_exchange *x = i->http;

	if (x->body_len < BODY_TOLD)
		evbuffer_copyout(body, x->body + x->body_len, BODY_TOLD - x->body_len);
	x->body_len += evbuffer_get_length(body);
	if (x->body_len > BODY_MAX)
		answered(i, evhttp_request_get_response_code(request));
}

static void put_headers(const struct influx *i, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Host", i->where);
	evhttp_add_header(headers, "User-Agent", "meterd/" METERLINE_VERSION);
	evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
	if (i->http->authorization)
		evhttp_add_header(headers, "Authorization", i->http->authorization);
}

static void put_lines(struct influx *i, struct evhttp_request *request)
{
	struct evbuffer *body = evhttp_request_get_output_buffer(request);
	const struct influx_publication *p = i->queue.first;

	for (; p && evbuffer_get_length(body) + p->len <= BATCH_BYTES; p = p->next) {
		if (evbuffer_add(body, p->text, p->len))
			return;
		i->queue.sent++;
	}
}

static void http_send(struct influx *i)
{
	struct evhttp_request *request = evhttp_request_new(on_answer, i);
	struct influx_exchange *x = i->http;

	if (!x->connection)
		x->connection = connection_new(i);
	if (!request || !x->connection) {
		if (request)
			evhttp_request_free(request);
		influx_failed(i, false, "no memory for a request");
		return;
	}
	evhttp_request_set_chunked_cb(request, on_body);
	evhttp_request_set_error_cb(request, on_broken);
	put_headers(i, request);
	put_lines(i, request);
	x->code = 0;
	x->broken = false;
	x->body_len = 0;
	memset(x->body, 0, sizeof(x->body));
	i->phase = INFLUX_BUSY;
	influx_set_timer(i, ANSWER_MS);
	if (evhttp_make_request(x->connection, request, EVHTTP_REQ_POST, i->target.path))
		answered(i, 0);
}

/* RFC 9110, 15 and RFC 6585, 4: not for the lines, or not for now. */
static bool is_for_later(int code)
{
	return code == 401 || code == 403 || code == 404 || code == 408 || code == 429 ||
	       code >= 500;
}

static void take_answer(struct influx *i)
{
	struct influx_exchange *x = i->http;
	/* The connection may be closed, and with it the exchange, before it is told. */
	char body[sizeof(x->body)];
	int code = x->code;

	if (x->body_len > BODY_MAX) {
		evhttp_connection_free(x->connection);
		x->connection = NULL;
	}
	memcpy(body, x->body, sizeof(body));
	body[strcspn(body, "\r\n")] = '\0';
	if (code >= 200 && code < 300)
		influx_arrived(i);
	else if (is_for_later(code))
		influx_failed(i, false, "it answers %d, the lines wait: %s", code, body);
	else
		influx_refused(i, "it refuses lines for ever, they are lost: %d %s", code, body);
}

static void http_timer(struct influx *i)
{
	if (i->phase == INFLUX_BUSY)
		influx_failed(i, true, "no answer within 10 s; the lines wait");
	else if (i->http->code)
		take_answer(i);
	else if (i->http->broken)
		influx_failed(i, false, "the connection ended without an answer; the lines wait");
	else
		influx_failed(i, true, "no connection: is the port right, and the server switched "
			      "on? The lines wait");
}

const struct influx_way influx_http = {
	.open = http_open,
	.send = http_send,
	.timer = http_timer,
	.close = http_close,
};
