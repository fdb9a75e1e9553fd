// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/meterN: each telegram as a record of text, see Documentation/ABI/testing/dev-meter.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "meter.h"

/**
 * struct reader - an open file, with its own place
 * @m: the meter, of which it holds a reference
 * @lock: serialises reads and seeks; not held while waiting for a record; m->lock nests inside
 * @seq: the next record; under m->lock
 * @text: the record that is being read, or NULL; changed under m->lock
 * @len: bytes of @text
 * @at: bytes of @text that were read
 * @gap: records were lost before @seq
 */
struct reader {
	struct meter *m;
	struct mutex lock;
	u64 seq;
	char *text;
	size_t len;
	size_t at;
	bool gap;
};

/**
 * struct copy - a record outside the ring
 * @started: CLOCK_BOOTTIME ns of its first byte
 * @t: the telegram, once it is unpacked
 * @packed: as it stood in the ring
 */
struct copy {
	u64 started;
	struct telegram t;
	u8 packed[RECORD_PACKED_MAX + TELEGRAM_PAD];
};

static int meter_open(struct inode *inode, struct file *file)
{
	struct meter *m = container_of(inode->i_cdev, struct meter, cdev);
	struct reader *r;
	bool dead;

	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	r->m = m;
	spin_lock(&m->lock);
	dead = m->dead;
	r->seq = m->ring.first_seq;
	if (!dead)
		meter_count_open(m, true);
	spin_unlock(&m->lock);
	if (dead) {
		mutex_destroy(&r->lock);
		kfree(r);
		return -ENODEV;
	}
	get_device(&m->dev);
	file->private_data = r;
	/* A record has no position. */
	file->f_mode &= ~(FMODE_PREAD | FMODE_PWRITE);
	return 0;
}

static int meter_release_file(struct inode *inode, struct file *file)
{
	struct reader *r = file->private_data;

	spin_lock(&r->m->lock);
	meter_count_open(r->m, false);
	spin_unlock(&r->m->lock);
	kvfree(r->text);
	mutex_destroy(&r->lock);
	put_device(&r->m->dev);
	kfree(r);
	return 0;
}

static bool has_news(struct reader *r)
{
	struct meter *m = r->m;
	bool news;

	spin_lock(&m->lock);
	news = m->dead || r->text || r->seq != m->ring.next_seq;
	spin_unlock(&m->lock);
	return news;
}

/* -EPIPE when the reader was overtaken: once, then the oldest record. */
static int copy_record(struct reader *r, struct copy *copy)
{
	struct meter *m = r->m;
	const struct ring_entry *entry;

	lockdep_assert_held(&m->lock);
	if (r->seq < m->ring.first_seq) {
		m->records_lost += m->ring.first_seq - r->seq;
		r->seq = m->ring.first_seq;
		r->gap = true;
		return -EPIPE;
	}
	if (r->seq == m->ring.next_seq)
		return m->dead ? -ENODEV : -EAGAIN;
	entry = ring_find(&m->ring, r->seq);
	copy->started = entry->started;
	memcpy(copy->packed, entry->packed, entry->size);
	return 0;
}

/* The text of a record, in a buffer of its size. */
static char *make_text(struct reader *r, struct copy *copy, size_t *len)
{
	struct record_header h = { .seq = r->seq, .gap = r->gap };
	const char *number;
	char *text;

	record_unpack(copy->packed, &copy->t, &number);
	h.boottime_us = div_u64(copy->started, NSEC_PER_USEC);
	h.damaged = copy->t.damaged;
	h.protocol = copy->t.protocol;
	strscpy(h.number, number, sizeof(h.number));
	*len = record_text(&copy->t, &h, NULL, 0);
	text = kvmalloc(*len + 1, GFP_KERNEL);
	if (text)
		record_text(&copy->t, &h, text, *len + 1);
	return text;
}

static void set_text(struct reader *r, char *text, size_t len)
{
	spin_lock(&r->m->lock);
	r->text = text;
	r->len = len;
	r->at = 0;
	r->seq++;
	r->gap = false;
	spin_unlock(&r->m->lock);
}

/* Takes the next record; -EAGAIN when there is none yet. */
static int load_record(struct reader *r)
{
	struct copy *copy;
	char *text;
	size_t len;
	int ret;

	copy = kvmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	spin_lock(&r->m->lock);
	ret = copy_record(r, copy);
	spin_unlock(&r->m->lock);
	if (!ret) {
		text = make_text(r, copy, &len);
		if (text)
			set_text(r, text, len);
		else
			ret = -ENOMEM;
	}
	kvfree(copy);
	return ret;
}

static void drop_text(struct reader *r)
{
	char *text;

	spin_lock(&r->m->lock);
	text = r->text;
	r->text = NULL;
	spin_unlock(&r->m->lock);
	kvfree(text);
}

static ssize_t read_text(struct reader *r, char __user *to, size_t count)
{
	size_t n = min(count, r->len - r->at);

	if (copy_to_user(to, r->text + r->at, n))
		return -EFAULT;
	r->at += n;
	if (r->at == r->len)
		drop_text(r);
	return n;
}

static ssize_t read_once(struct reader *r, char __user *to, size_t count)
{
	ssize_t ret;

	if (mutex_lock_interruptible(&r->lock))
		return -ERESTARTSYS;
	ret = r->text ? 0 : load_record(r);
	if (!ret)
		ret = read_text(r, to, count);
	mutex_unlock(&r->lock);
	return ret;
}

static ssize_t meter_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct reader *r = file->private_data;
	ssize_t ret;

	if (!count)
		return 0;
	for (;;) {
		ret = read_once(r, to, count);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK)
			return ret;
		ret = wait_event_interruptible(r->m->wait, has_news(r));
		if (ret)
			return ret;
	}
}

static __poll_t meter_poll(struct file *file, poll_table *wait)
{
	struct reader *r = file->private_data;
	struct meter *m = r->m;
	__poll_t events = 0;

	poll_wait(file, &m->wait, wait);
	spin_lock(&m->lock);
	if (r->text || r->seq != m->ring.next_seq)
		events |= EPOLLIN | EPOLLRDNORM;
	if (!r->text && r->seq < m->ring.first_seq)
		events |= EPOLLERR | EPOLLPRI;
	if (m->dead)
		events |= EPOLLHUP;
	spin_unlock(&m->lock);
	return events;
}

/* To the end, for new records only; there is no other place to go to. */
static loff_t meter_llseek(struct file *file, loff_t offset, int whence)
{
	struct reader *r = file->private_data;
	struct meter *m = r->m;

	if (whence != SEEK_END || offset)
		return -ESPIPE;
	if (mutex_lock_interruptible(&r->lock))
		return -ERESTARTSYS;
	drop_text(r);
	spin_lock(&m->lock);
	r->seq = m->ring.next_seq;
	r->gap = false;
	spin_unlock(&m->lock);
	mutex_unlock(&r->lock);
	return 0;
}

const struct file_operations meter_fops = {
	.owner = THIS_MODULE,
	.open = meter_open,
	.release = meter_release_file,
	.read = meter_read,
	.poll = meter_poll,
	.llseek = meter_llseek,
};
