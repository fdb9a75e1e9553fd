// SPDX-License-Identifier: MIT
/*
 * Messages in the making: a payload that is printed, and a topic for it.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "mqtt_link.h"
#include "mqtt_out.h"

/**
 * mqtt_out_open - a place where messages are made
 * @o: the place; its other members are the caller's
 *
 * Return: false without memory.
 */
bool mqtt_out_open(struct mqtt_out *o)
{
	o->text = open_memstream(&o->bytes, &o->len);
	return o->text;
}

/** mqtt_out_close - ends what mqtt_out_open() began */
void mqtt_out_close(struct mqtt_out *o)
{
	if (o->text)
		fclose(o->text);
	free(o->bytes);
}

/**
 * mqtt_begin - begins a message
 * @o: the place
 *
 * Return: where its payload is printed, until mqtt_end().
 */
FILE *mqtt_begin(struct mqtt_out *o)
{
	rewind(o->text);
	return o->text;
}

static void hand_over(struct mqtt_out *o, const void *payload, size_t len, unsigned int flags,
		      const char *topic, va_list args)
{
	char text[MQTT_TOPIC_LEN + 1];
	int topic_len = vsnprintf(text, sizeof(text), topic, args);

	if (topic_len > 0 && topic_len <= MQTT_TOPIC_LEN)
		mqtt_link_send(o->link, text, payload, len, flags);
}

/**
 * mqtt_end - sends what was printed since mqtt_begin()
 * @o: the place
 * @flags: MQTT_*
 * @topic: as of printf(); without wildcards
 */
void mqtt_end(struct mqtt_out *o, unsigned int flags, const char *topic, ...)
{
	va_list args;

	if (fflush(o->text))
		return;
	va_start(args, topic);
	hand_over(o, o->bytes, o->len, flags, topic, args);
	va_end(args);
}

/**
 * mqtt_withdraw - the broker forgets what it kept under a topic
 * @o: the place
 * @topic: as of printf()
 *
 * An empty retained message (MQTT 3.1.1, 3.3.1.3).
 */
void mqtt_withdraw(struct mqtt_out *o, const char *topic, ...)
{
	va_list args;

	va_start(args, topic);
	hand_over(o, "", 0, MQTT_RETAIN | MQTT_QOS1 | MQTT_CHANGED, topic, args);
	va_end(args);
}
