/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP server shows: pages, made part by part.
 */
#ifndef METERD_HTTP_PAGES_H
#define METERD_HTTP_PAGES_H

#include <stdio.h>

#include "http.h"

/** enum page_step - what a part of a page was */
enum page_step {
	PAGE_MORE,
	PAGE_LAST,
	PAGE_FAILED,
};

/**
 * struct page - the answer to one request
 * @type: its Content-Type
 * @write: writes the next part, some 10 KiB, so that a page of any length needs no memory
 * @free: ends it, at whatever part
 *
 * Between two parts anything may happen to meters and ledger: a page holds names, never pointers.
 */
struct page {
	const char *type;
	enum page_step (*write)(struct page *p, FILE *out);
	void (*free)(struct page *p);
};

/** struct http_counts - of the server, for /metrics */
struct http_counts {
	u64 requests;
	u64 refused;
	unsigned int open;
};

#define HTTP_CONNECTIONS_MAX 32

/**
 * struct page_request - what is asked for
 * @view: what there is to show
 * @path: as sent
 * @query: as sent, NULL: none
 * @identity: numbers of meters may be told to this peer
 * @counts: of the server
 */
struct page_request {
	const struct view *view;
	const char *path;
	const char *query;
	bool identity;
	const struct http_counts *counts;
};

/* Room for the sentence of an error, escaped already. */
#define PAGE_ERROR_MAX 256

int page_open(const struct page_request *r, struct page **page, char error[PAGE_ERROR_MAX]);
void error_json(FILE *out, const char *sentence);

/* metrics.c */
struct page *metrics_page(const struct page_request *r);

#endif /* METERD_HTTP_PAGES_H */
