// SPDX-License-Identifier: MIT
/*
 * How the meters of the kernel and the lines of meterd do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/meters.h"
#include "control_client.h"
#include "doctor.h"

/* Fewer telegrams say nothing of how often one is damaged. */
#define RATE_MIN_TELEGRAMS 20

/**
 * struct meter_words - attributes of a meter
 * @where: meter0 (ttyAMA0)
 */
struct meter_words {
	const char *name;
	char where[160];
	char state[METER_WORD_MAX];
	char seen[METER_WORD_MAX];
	char port[METER_WORD_MAX];
	char type[METER_WORD_MAX];
};

static void attribute(const struct doctor *d, const char *meter, const char *name, char *value)
{
	doctor_read(d, value, METER_WORD_MAX, METER_CLASS "/%s/%s", meter, name);
}

/* 0 also where this kernel or line does not count it. */
static unsigned long long counted(const struct doctor *d, const char *meter, const char *name)
{
	char value[METER_WORD_MAX];

	doctor_read(d, value, sizeof(value), METER_CLASS "/%s/statistics/%s", meter, name);
	return strtoull(value, NULL, 10);
}

static void searching(struct doctor *d, const struct meter_words *m)
{
	const char *wiring =
		"check that the meter is wired to it and its customer port enabled (TIC: "
		"I1 and I2; P1: the data request line high)";
	char fix[256];

	if (!strcmp(m->seen, "p1-encrypted"))
		doctor_find(d, m->where,
			    "ask the grid operator for the key, or to switch encryption off",
			    "it sends encrypted P1");
	else if (!strcmp(m->seen, "hdlc") || !strcmp(m->seen, "mbus"))
		doctor_find(d, m->where,
			    "take the kernel off it, and let meterd read it as type = mbus; "
			    "'meterctl scan' writes the lines",
			    "it sends DLMS (%s), which the kernel does not read", m->seen);
	else if (!counted(d, m->name, "bytes"))
		doctor_find(d, m->where, wiring, "not a byte came");
	else if (!strcmp(m->seen, "garbage")) {
		snprintf(fix, sizeof(fix),
			 "attach it without --speed, or stop what reads it and "
			 "'sudo meterctl scan /dev/%s', which recognises a wrong speed and an "
			 "inverted cable",
			 m->port);
		doctor_find(d, m->where, fix,
			    "garbage comes: a wrong speed, a damaged cable, or P1 "
			    "without an inverter");
	}
}

/* Groups of TIC, or telegrams of P1. A frame of TIC has at least ten groups. */
static void rates(struct doctor *d, const struct meter_words *m)
{
	unsigned long long telegrams = counted(d, m->name, "telegrams");
	unsigned long long damaged = counted(d, m->name, "bad_checksum") +
				     counted(d, m->name, "bad_parity") +
				     counted(d, m->name, "bad_form");
	unsigned long long overruns = counted(d, m->name, "uart_overruns");
	unsigned long long framing = counted(d, m->name, "uart_framing");
	bool p1 = !strcmp(m->type, "p1");

	if (telegrams < RATE_MIN_TELEGRAMS)
		return;
	if (damaged * (p1 ? 100 : 10) > telegrams)
		doctor_find(
			d, m->where,
			p1 ? "a shorter cable, a pull-up of 1 to 10 kOhm at the data line, or a "
			     "stronger inverter"
			   : "a shorter cable, or another resistor at the opto-coupler: at 9600 "
			     "bit/s it must switch faster",
			"%llu %s were damaged in %llu telegrams", damaged,
			p1 ? "telegrams" : "groups", telegrams);
	if (framing * 10 > telegrams)
		doctor_find(d, m->where,
			    "a stronger pull-up (1 to 4.7 kOhm to 3.3 V), a shorter cable, or "
			    "the parameter inverted of the overlay",
			    "%llu characters without a stop bit in %llu telegrams", framing,
			    telegrams);
	if (overruns * 1000 > telegrams)
		doctor_find(d, m->where,
			    "use the PL011 in place of the mini UART (dtoverlay=disable-bt), "
			    "or take load off this machine",
			    "the UART lost characters %llu times in %llu telegrams", overruns,
			    telegrams);
}

static void meter(struct doctor *d, const char *name)
{
	struct meter_words m = { .name = name };

	attribute(d, name, "state", m.state);
	attribute(d, name, "seen", m.seen);
	attribute(d, name, "port", m.port);
	attribute(d, name, "type", m.type);
	snprintf(m.where, sizeof(m.where), "%.32s (%s)", name, m.port);
	if (!strcmp(m.state, "stale"))
		doctor_find(d, m.where,
			    "check the cable; a port that was taken away is found again by itself",
			    "telegrams came, and come no longer");
	else if (!strcmp(m.state, "searching"))
		searching(d, &m);
	rates(d, &m);
}

/**
 * doctor_meters - the meters that the kernel reads
 * @d: the system
 */
void doctor_meters(struct doctor *d)
{
	char path[DOCTOR_PATH_MAX];
	struct attribute_names meters;

	snprintf(path, sizeof(path), "%s" METER_CLASS, d->root);
	attribute_names_read(path, &meters);
	for (size_t i = 0; i < meters.count; i++)
		meter(d, meters.name[i]);
	attribute_names_free(&meters);
}

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* What it says of a line that does not do well is a sentence with what to do. */
static void meterd_line(struct doctor *d, json_t *source, json_t *line)
{
	const char *state = text_of(line, "state");
	char where[256];

	if (!strcmp(state, "connected") || !strcmp(state, "off"))
		return;
	snprintf(where, sizeof(where), "source %s (%s)", text_of(source, "name"),
		 text_of(line, "what"));
	doctor_find(d, where, text_of(line, "why"), "%s, says meterd", state);
}

static void meterd_lines(struct doctor *d, const char *socket)
{
	struct control_answer answer;
	json_t *source, *line;
	size_t i, k;

	if (!control_ask(socket, "status", &answer))
		return;
	json_array_foreach(json_object_get(answer.json, "sources"), i, source)
		json_array_foreach(json_object_get(source, "lines"), k, line)
			meterd_line(d, source, line);
	control_answer_free(&answer);
}

static void meterd_running(struct doctor *d, const char *socket)
{
	char path[CONTROL_PATH_MAX];
	int rc = control_reach(socket, path);

	if (!rc)
		meterd_lines(d, socket);
	else if (rc == -EACCES || rc == -EPERM)
		doctor_find(d, path, "sudo usermod -aG meter $USER, then log in anew",
			    "only root and members of group meter may ask meterd");
	else
		doctor_find(d, path,
			    "sudo systemctl restart meterd; 'journalctl -u meterd' tells more",
			    "meterd cannot be asked there: %s", strerror(-rc));
}

/**
 * doctor_meterd - whether the daemon runs, and how its lines do
 * @d: the system
 * @socket: its control socket; NULL: where it has it by default
 */
void doctor_meterd(struct doctor *d, const char *socket)
{
	if (socket || doctor_process(d, "meterd")) {
		if (!*d->root)
			meterd_running(d, socket);
		else if (!doctor_has(d, "/run/meterd/control"))
			doctor_find(
				d, "/run/meterd/control",
				"sudo systemctl restart meterd; 'journalctl -u meterd' tells more",
				"meterd runs, but has no socket there");
	} else if (doctor_has(d, "/etc/meterd/meterd.conf")) {
		doctor_find(d, "meterd", "sudo systemctl enable --now meterd",
			    "it is configured in /etc/meterd/meterd.conf, but does not run");
	}
}
