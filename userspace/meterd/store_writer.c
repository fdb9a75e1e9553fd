// SPDX-License-Identifier: MIT
/*
 * The thread that writes batches, the only one that does.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store_parts.h"

/* What SQLite needs is a few KiB; sanitizers want more. */
#define STACK_BYTES (512 << 10)

/**
 * struct store_writer - the thread and what passes between it and the loop
 * @fd: readable when a batch is done
 * @given: batch at the thread; NULL: none
 * @done: how it went is in @result, and nobody has asked yet
 */
struct store_writer {
	sqlite3 *db;
	struct store_apply *apply;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int fd;
	const struct batch *given;
	struct write_result result;
	bool done;
	bool stop;
};

static void tell_done(struct store_writer *w, const struct write_result *result)
{
	u64 one = 1;

	pthread_mutex_lock(&w->lock);
	w->result = *result;
	w->given = NULL;
	w->done = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	while (write(w->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static const struct batch *next_batch(struct store_writer *w)
{
	const struct batch *b;

	pthread_mutex_lock(&w->lock);
	while (!w->given && !w->stop)
		pthread_cond_wait(&w->changed, &w->lock);
	b = w->given;
	pthread_mutex_unlock(&w->lock);
	return b;
}

static void *write_batches(void *context)
{
	struct store_writer *w = context;
	struct write_result result;
	const struct batch *b;

	pthread_setname_np(pthread_self(), "ledger");
	while ((b = next_batch(w))) {
		store_apply(w->apply, b, &result);
		tell_done(w, &result);
	}
	return NULL;
}

/* Signals are for the loop. */
static int start_thread(struct store_writer *w)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->thread, &attr, write_batches, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return rc;
}

/**
 * store_writer_new - start the thread
 * @db: open to write; the thread's from now on, also when this fails
 * @path: of the file
 *
 * Return: the writer, or NULL.
 */
struct store_writer *store_writer_new(sqlite3 *db, const char *path)
{
	struct store_writer *w = calloc(1, sizeof(*w));

	if (!w)
		goto close_db;
	w->db = db;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		goto free_writer;
	w->apply = store_apply_new(db, path);
	if (!w->apply)
		goto close_fd;
	if (start_thread(w))
		goto free_apply;
	return w;

free_apply:
	store_apply_free(w->apply);
close_fd:
	close(w->fd);
free_writer:
	free(w);
close_db:
	sqlite3_close(db);
	return NULL;
}

/**
 * store_writer_free - let the batch at the writer be done, end the thread, close the file
 * @w: may be NULL; the log goes back into the file where this is its last connection
 */
void store_writer_free(struct store_writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	store_apply_free(w->apply);
	sqlite3_close(w->db);
	close(w->fd);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/**
 * store_writer_fd - what becomes readable when a batch is done
 * @w: a writer
 *
 * Return: a descriptor that stays the writer's; store_writer_done() makes it unreadable again.
 */
int store_writer_fd(const struct store_writer *w)
{
	return w->fd;
}

/**
 * store_writer_give - hand over a batch
 * @w: has none
 * @b: stays the caller's, and as it is, until store_writer_done() tells
 */
void store_writer_give(struct store_writer *w, const struct batch *b)
{
	pthread_mutex_lock(&w->lock);
	w->given = b;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

/**
 * store_writer_done - how the batch went that was handed over
 * @w: has one, or had
 * @wait: for the writer to be done with it
 * @result: filled, once for each batch
 *
 * Return: whether there is a result.
 */
bool store_writer_done(struct store_writer *w, bool wait, struct write_result *result)
{
	bool done;
	u64 count;

	pthread_mutex_lock(&w->lock);
	while (wait && w->given)
		pthread_cond_wait(&w->changed, &w->lock);
	done = w->done;
	w->done = false;
	*result = w->result;
	pthread_mutex_unlock(&w->lock);
	while (read(w->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	return done;
}
