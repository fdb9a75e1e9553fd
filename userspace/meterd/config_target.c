// SPDX-License-Identifier: MIT
/*
 * Where a sink sends lines: a URL of the configuration.
 */
#include <event2/http.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_target.h"
#include "config_values.h"

#define UDP_PORT	8089	/* of InfluxDB and Telegraf */
#define HTTP_PORT	80

__attribute__((format(printf, 3, 4)))
static bool refuse(char *problem, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem, size, format, args);
	va_end(args);
	return false;
}

/*
 * The unit of timestamps that "precision" in a query asks for: InfluxDB API reference, /write
 * (n, u, ms, s) and /api/v2/write (ns, us, ms, s). Without it they are nanoseconds.
 */
static bool parse_precision(const char *query, u32 *unit_ns)
{
	static const struct {
		const char *word;
		u32 unit_ns;
	} words[] = {
		{ "ns", 1 }, { "n", 1 }, { "us", 1000 }, { "u", 1000 }, { "ms", 1000000 },
		{ "s", 1000000000 },
	};
	static const char key[] = "precision=";

	*unit_ns = 1;
	for (; query && *query; query += strcspn(query, "&")) {
		size_t len;

		query += *query == '&';
		len = strcspn(query, "&") - strlen(key);
		if (strncmp(query, key, strlen(key)))
			continue;
		for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strlen(words[i].word) != len ||
			    strncmp(query + strlen(key), words[i].word, len))
				continue;
			*unit_ns = words[i].unit_ns;
			return true;
		}
		return false;
	}
	return true;
}

static bool parse_udp(const struct evhttp_uri *uri, char *problem, size_t size)
{
	const char *path = evhttp_uri_get_path(uri);

	if ((path && *path && strcmp(path, "/")) || evhttp_uri_get_query(uri))
		return refuse(problem, size, "expected nothing behind the port of udp://");
	return true;
}

static bool parse_http(const struct evhttp_uri *uri, struct sink_target *t, char *problem,
		       size_t size)
{
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);

	if (!path || !path[0] || !path[1])
		return refuse(problem, size, "expected a path behind the port, such as "
			      "/write?db=meter or /api/v2/write?org=home&bucket=meter");
	if (!parse_precision(query, &t->unit_ns))
		return refuse(problem, size, "expected precision=ns, us, ms or s, or none");
	return asprintf(&t->path, "%s%s%s", path, query ? "?" : "", query ? query : "") >= 0;
}

static bool parse(const struct evhttp_uri *uri, struct sink_target *t, char *problem, size_t size)
{
	const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
	bool udp = scheme && !strcmp(scheme, "udp"), http = scheme && !strcmp(scheme, "http");
	int port = evhttp_uri_get_port(uri);

	if (scheme && !strcmp(scheme, "https"))
		return refuse(problem, size, "there is no TLS to such servers here, expected "
			      "http:// to this machine or a network of your own: see "
			      "meterd.conf(5), url");
	if (!udp && !http)
		return false;
	if (evhttp_uri_get_userinfo(uri))
		return refuse(problem, size, "a URL is read by everybody, expected user and "
			      "password, USER:PASSWORD, in a token_file");
	if (evhttp_uri_get_fragment(uri) || !port || !host || !value_host(host, &t->host))
		return false;
	t->port = port > 0 ? port : udp ? UDP_PORT : HTTP_PORT;
	t->unit_ns = 1;
	return udp ? parse_udp(uri, problem, size) : parse_http(uri, t, problem, size);
}

/**
 * sink_target_parse - a URL from text
 * @url: udp://HOST:PORT or http://HOST:PORT/PATH?QUERY
 * @t: all zero; for sink_target_free() whatever is returned
 * @problem: for a sentence that tells more than what was expected
 * @size: of @problem
 *
 * Return: false when it is something else, or without memory.
 */
bool sink_target_parse(const char *url, struct sink_target *t, char *problem, size_t size)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	bool good = uri && parse(uri, t, problem, size);

	if (uri)
		evhttp_uri_free(uri);
	return good;
}

/** sink_target_same - whether two are one server */
bool sink_target_same(const struct sink_target *a, const struct sink_target *b)
{
	return !strcmp(a->host, b->host) && a->port == b->port && !a->path == !b->path &&
	       (!a->path || !strcmp(a->path, b->path));
}

/**
 * sink_target_copy - another one that is the same
 * @to: all zero; for sink_target_free() whatever is returned
 * @from: has a host
 *
 * Return: false without memory.
 */
bool sink_target_copy(struct sink_target *to, const struct sink_target *from)
{
	to->host = strdup(from->host);
	to->port = from->port;
	to->path = from->path ? strdup(from->path) : NULL;
	to->unit_ns = from->unit_ns;
	return to->host && (to->path || !from->path);
}

/** sink_target_free - frees what one has, and makes it none */
void sink_target_free(struct sink_target *t)
{
	free(t->host);
	free(t->path);
	*t = (struct sink_target){ 0 };
}
