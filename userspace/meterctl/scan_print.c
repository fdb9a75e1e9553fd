// SPDX-License-Identifier: MIT
/*
 * What meterctl scan tells of ports.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../lib/json.h"
#include "../lib/utf8.h"
#include "scan.h"

#define RULES "/etc/udev/rules.d/50-local.rules"

/* Shorter serial numbers are the same in many adapters: CP2102 has 0001. */
#define SERIAL_MIN_LEN 6

static void speed_text(const struct heard *h, char *text, size_t size)
{
	if (h->pty)
		snprintf(text, size, "%s", "");
	else
		snprintf(text, size, " at %u bit/s", h->bit_per_s);
}

static void quality_text(const struct heard *h, char *text, size_t size)
{
	size_t n;

	if (h->protocol == TELEGRAM_P1 || h->protocol == TELEGRAM_DLMS)
		n = snprintf(text, size, "%" PRIu64 " telegrams good, %" PRIu64 " damaged",
			     h->telegrams, h->damaged);
	else
		n = snprintf(text, size,
			     "%" PRIu64 " telegrams, %" PRIu64 " groups good, %" PRIu64 " damaged",
			     h->telegrams, h->fields, h->damaged);
	if (h->line_errors && n < size)
		snprintf(text + n, size - n, "; %u framing errors, %u overruns", h->framing,
			 h->overruns);
}

static const char *parity_text(const struct heard *h)
{
	return h->mbus_parity ? "8E1" : h->even_parity ? "7E1" : "8N1";
}

static void telegrams_text(const struct heard *h, bool identity, char *text, size_t size)
{
	bool number = identity && *h->number;
	char speed[32], quality[160];

	speed_text(h, speed, sizeof(speed));
	quality_text(h, quality, sizeof(quality));
	snprintf(text, size, "%s%s, %s, %s%s%s%s: %s", telegram_protocol_name(h->protocol), speed,
		 parity_text(h), *h->id ? h->id : "a meter without a number",
		 number ? " (number " : "", number ? h->number : "", number ? ")" : "", quality);
}

static const char *dlms_trouble_of(const struct heard *h)
{
	if (h->enciphered)
		return "enciphered: it needs the key of the meter, which its grid operator has";
	if (h->framed)
		return "but no message that is known: 'meterctl explain' shows what there is";
	return "but none of them is whole";
}

static void unread_text(const struct heard *h, char *text, size_t size)
{
	char speed[32];

	speed_text(h, speed, sizeof(speed));
	if (h->inverted)
		snprintf(text, size,
			 "P1%s, but inverted: the cable needs an inverter (a "
			 "transistor, or an FTDI chip that is set to invert RXD)",
			 speed);
	else if (h->seen == SEEN_P1_ENCRYPTED)
		snprintf(text, size,
			 "encrypted P1%s: it needs the key of the meter, which its "
			 "grid operator has",
			 speed);
	else if (h->seen > SEEN_GARBAGE)
		snprintf(text, size, "DLMS in frames of %s%s, %s, %s",
			 h->seen == SEEN_HDLC ? "HDLC" : "M-Bus", speed, parity_text(h),
			 dlms_trouble_of(h));
	else if (!h->bytes)
		snprintf(text, size,
			 "nothing: is the meter wired to it, and its customer port enabled?");
	else if (h->pty)
		snprintf(text, size, "%" PRIu64 " bytes, but no telegram of TIC or P1", h->bytes);
	else
		snprintf(text, size,
			 "%" PRIu64 " bytes, but no telegram of TIC or P1 at 1200, "
			 "9600 or 115200 bit/s: is it a meter?",
			 h->bytes);
}

/**
 * heard_text - what was heard on a port, in words
 * @h: of a port that was listened to
 * @identity: tell the meter's number, too
 * @text: where they go
 * @size: room there
 */
void heard_text(const struct heard *h, bool identity, char *text, size_t size)
{
	errno = h->error;
	if (h->problem != TTY_OPEN)
		snprintf(text, size, "not to be heard: it %s", tty_problem_text(h->problem));
	else if (h->telegrams)
		telegrams_text(h, identity, text, size);
	else if (h->gone)
		snprintf(text, size, "nothing more: it went away");
	else
		unread_text(h, text, size);
}

/* A name of the device itself, if there is one. */
static const char *best_name(const struct port *p)
{
	return p->nlinks ? p->links[0] : p->path;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("._:-", *text))
			return false;
	return true;
}

static bool has_own_serial(const struct ports *ports, const struct port *p)
{
	if (!p->usb_serial || strlen(p->usb_serial) < SERIAL_MIN_LEN || !is_plain(p->usb_serial))
		return false;
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *other = &ports->port[i];

		if (other != p && other->usb_serial && !strcmp(other->usb_serial, p->usb_serial))
			return false;
	}
	return true;
}

/* What makes the kernel read it from the moment it is plugged in; see 99-zz-meterline.rules. */
static void udev_line(const struct ports *ports, const struct port *p, char *text, size_t size)
{
	if (has_own_serial(ports, p))
		snprintf(text, size,
			 "SUBSYSTEM==\"tty\", ENV{ID_SERIAL_SHORT}==\"%s\", ENV{METERLINE}=\"1\"",
			 p->usb_serial);
	else if (p->id_path && is_plain(p->id_path))
		snprintf(text, size,
			 "SUBSYSTEM==\"tty\", ENV{ID_PATH}==\"%s\", ENV{METERLINE}=\"1\"",
			 p->id_path);
	else
		snprintf(text, size, "SUBSYSTEM==\"tty\", KERNEL==\"%s\", ENV{METERLINE}=\"1\"",
			 p->name);
}

/* From a USB descriptor or a path: may hold anything. */
static void print_text(const char *text)
{
	utf8_print_text(stdout, text);
}

static void print_users(const struct port_use *use)
{
	char text[128];

	if (!use->count)
		return;
	printf("  used by  ");
	for (size_t i = 0; i < use->count; i++) {
		printf("%s", i ? ", " : "");
		print_text(port_user_text(&use->users[i], text, sizeof(text)));
	}
	putchar('\n');
}

/* The kernel does not read DLMS. */
static void print_mbus(const struct port *p)
{
	const struct heard *h = p->heard;

	puts("  keep it  in meterd.conf:\n               [source house]");
	printf("               type = mbus\n               device = %s\n", best_name(p));
	if (!h->pty)
		printf("               speed = %u\n               parity = %s\n", h->bit_per_s,
		       h->mbus_parity ? "even" : "none");
	if (h->enciphered)
		puts("               key_file = /etc/meterd/house.key");
}

static void print_keep(const struct ports *ports, const struct port *p)
{
	const struct heard *h = p->heard;
	char line[256];

	if (!h->pty && p->marked) {
		printf("  keep it  a udev rule has it: the kernel reads it once it is plugged "
		       "in\n");
	} else if (!h->pty) {
		udev_line(ports, p, line, sizeof(line));
		printf("  keep it  %s\n           in " RULES
		       ", then: sudo udevadm control --reload; sudo udevadm trigger %s\n",
		       line, p->path);
	}
	printf("           for once: sudo meterctl attach");
	if (!h->pty)
		printf(" --speed %u", h->bit_per_s);
	printf(" %s\n           without the kernel module, in meterd.conf:\n"
	       "               [source house]\n               type = serial\n"
	       "               device = %s\n",
	       best_name(p), best_name(p));
	if (!h->pty)
		printf("               speed = %u\n", h->bit_per_s);
}

static void print_heard(const struct ports *ports, const struct port *p, bool identity)
{
	char text[400];

	if (!p->heard) {
		if (!p->use.count)
			printf("  carries  not listened to: 'sudo meterctl scan %s' does\n",
			       p->path);
		return;
	}
	heard_text(p->heard, identity, text, sizeof(text));
	printf("  carries  ");
	print_text(text);
	putchar('\n');
	if (p->heard->framed)
		print_mbus(p);
	else if (p->heard->telegrams)
		print_keep(ports, p);
}

/**
 * scan_print - ports, for a person
 * @ports: all
 * @identity: tell the numbers of meters, too
 */
void scan_print(const struct ports *ports, bool identity)
{
	for (size_t i = 0; i < ports->count; i++) {
		const struct port *p = &ports->port[i];

		print_text(p->path);
		if (p->device) {
			printf("  ");
			print_text(p->device);
		}
		putchar('\n');
		for (size_t k = 0; k < p->nlinks; k++) {
			printf("  %s", k ? "         " : "names    ");
			print_text(p->links[k]);
			putchar('\n');
		}
		print_users(&p->use);
		print_heard(ports, p, identity);
	}
}

static void json_member(const char *comma, const char *name, const char *value)
{
	printf("%s\"%s\":", comma, name);
	json_utf8(stdout, value);
}

static void json_users(const struct port_use *use)
{
	static const char *const by[] = {
		[USER_PROCESS] = "process",
		[USER_LOCK] = "lock",
		[USER_METER] = "meter",
		[USER_CONSOLE] = "console",
	};

	printf(",\"used_by\":[");
	for (size_t i = 0; i < use->count; i++) {
		json_member(i ? ",{" : "{", "by", by[use->users[i].kind]);
		json_member(",", "name", use->users[i].name);
		if (use->users[i].pid)
			printf(",\"pid\":%d", use->users[i].pid);
		putchar('}');
	}
	putchar(']');
}

static const char *carried(const struct heard *h)
{
	if (h->telegrams)
		return telegram_protocol_name(h->protocol);
	if (h->inverted)
		return "p1-inverted";
	return line_seen_name(h->bytes && h->seen == SEEN_NOTHING ? SEEN_GARBAGE : h->seen);
}

static void json_telegrams(const struct heard *h, bool identity)
{
	json_member(",", "parity", parity_text(h));
	if (*h->id)
		json_member(",", "id", h->id);
	if (identity && *h->number)
		json_member(",", "meter", h->number);
	printf(",\"telegrams\":%" PRIu64, h->telegrams);
	if (h->protocol != TELEGRAM_P1 && h->protocol != TELEGRAM_DLMS)
		printf(",\"groups\":%" PRIu64, h->fields);
	printf(",\"damaged\":%" PRIu64, h->damaged);
}

static void json_heard(const struct heard *h, bool identity)
{
	char text[400];

	heard_text(h, identity, text, sizeof(text));
	json_member(",\"heard\":{", "text", text);
	if (h->problem == TTY_OPEN) {
		json_member(",", "carries", carried(h));
		printf(",\"bytes\":%" PRIu64, h->bytes);
		if (h->bit_per_s)
			printf(",\"bit_per_s\":%u", h->bit_per_s);
		if (h->enciphered)
			printf(",\"encrypted\":true");
		if (h->telegrams)
			json_telegrams(h, identity);
		if (h->line_errors && h->bit_per_s)
			printf(",\"framing_errors\":%u,\"breaks\":%u,\"overruns\":%u", h->framing,
			       h->breaks, h->overruns);
	}
	putchar('}');
}

static void json_port(const struct ports *ports, const struct port *p, bool identity)
{
	char line[256];

	json_member("{", "port", p->path);
	printf(",\"names\":[");
	for (size_t i = 0; i < p->nlinks; i++) {
		printf("%s", i ? "," : "");
		json_utf8(stdout, p->links[i]);
	}
	putchar(']');
	if (p->device)
		json_member(",", "device", p->device);
	printf(",\"udev\":%s", p->marked ? "true" : "false");
	json_users(&p->use);
	if (p->heard)
		json_heard(p->heard, identity);
	if (p->heard && p->heard->telegrams && !p->heard->framed && !p->heard->pty) {
		udev_line(ports, p, line, sizeof(line));
		json_member(",", "udev_rule", line);
	}
	putchar('}');
}

/**
 * scan_print_json - ports, as one JSON array
 * @ports: all
 * @identity: tell the numbers of meters, too
 */
void scan_print_json(const struct ports *ports, bool identity)
{
	putchar('[');
	for (size_t i = 0; i < ports->count; i++) {
		if (i)
			putchar(',');
		json_port(ports, &ports->port[i], identity);
	}
	puts("]");
}
