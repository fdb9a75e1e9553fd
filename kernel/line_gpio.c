// SPDX-License-Identifier: GPL-2.0-only
/*
 * A meter on a GPIO: TIC without a UART.
 *
 *	edge -> gpio_line_edge() -> ring -> gpio_line_work() -> softuart -> meter_receive()
 *
 * Properties of the device (compatible "meterline,tic-gpio", or platform device "meterline-gpio"):
 *
 *	rx-gpios		the line, high when idle; GPIO_ACTIVE_LOW when it is inverted
 *	current-speed		1200 or 9600; without it the length of the pulses tells
 *
 * The interrupt takes nothing but the time and, on chips that do not sleep, the level. It is the
 * only producer of the ring, the work item the only consumer.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/gpio/consumer.h>
#include <linux/gpio/driver.h>
#include <linux/interrupt.h>
#include <linux/kfifo.h>
#include <linux/ktime.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_qos.h>
#include <linux/property.h>
#include <linux/workqueue.h>

#include "line_gpio.h"
#include "meter.h"
#include "telegram/softuart.h"

/* An edge in the ring: its time above these bits. */
#define EDGE_LEVEL	3ull	/* 0, 1 or SOFTUART_TOGGLE */
#define EDGE_GAP	4ull	/* edges before this one were lost */
#define EDGE_SHIFT	3

/* At 9600 baud an edge comes every 104 us at most: 100 ms. */
#define RING_EDGES	1024

/* How long edges may wait, so that the interrupt does not wake a thread for each. */
#define COLLECT_MS	10

/* An interrupt on another processor may take this long from its clock to the ring. */
#define CLOSE_SLACK_NS	(1 * NSEC_PER_MSEC)

/*
 * No meter has more edges in this time: it is noise, which may have no more than 4000 interrupts in
 * a second.
 */
#define STORM_WINDOW_NS	(20 * NSEC_PER_MSEC)
#define STORM_EDGES	400
#define STORM_PAUSE_MS	80

/**
 * struct gpio_line - a line on a GPIO
 * @dev: the platform device
 * @rx: the GPIO
 * @meter: the meter on the line
 * @irq: interrupt of both edges
 * @toggles: the level cannot be read in the interrupt
 * @gap: edges were lost since the last one in @edges; written by the interrupt
 * @window_start: when the interrupt began to count, CLOCK_MONOTONIC ns
 * @window_edges: edges since then
 * @edges: the ring
 * @work: takes edges from the ring, and closes a character whose last bits have no edge
 * @unmute: ends the pause after a storm
 * @warned: the storm was told of
 * @baud: speed of the line, 0 while it is not found out
 * @uart: from edges to characters
 * @counted: what of its statistics the meter knows
 * @latency: how long the processor may sleep on
 */
struct gpio_line {
	struct device *dev;
	struct gpio_desc *rx;
	struct meter *meter;
	int irq;

	bool toggles;
	bool gap;
	u64 window_start;
	unsigned int window_edges;
	DECLARE_KFIFO(edges, u64, RING_EDGES);

	struct delayed_work work;
	struct delayed_work unmute;
	bool warned;
	unsigned int baud;
	struct softuart uart;
	struct softuart_stats counted;
	struct pm_qos_request latency;
};

static bool is_storm(struct gpio_line *line, u64 now)
{
	if (now - line->window_start >= STORM_WINDOW_NS) {
		line->window_start = now;
		line->window_edges = 0;
	}
	return ++line->window_edges > STORM_EDGES;
}

static irqreturn_t gpio_line_edge(int irq, void *context)
{
	struct gpio_line *line = context;
	u64 now = ktime_get_ns();
	int level = line->toggles ? -1 : gpiod_get_value(line->rx);
	u64 edge = now << EDGE_SHIFT | (level < 0 ? SOFTUART_TOGGLE : level);

	if (line->gap)
		edge |= EDGE_GAP;
	WRITE_ONCE(line->gap, !kfifo_put(&line->edges, edge));
	/* Disabled as often as it will be enabled. */
	if (is_storm(line, now) && queue_delayed_work(system_highpri_wq, &line->unmute,
						      msecs_to_jiffies(STORM_PAUSE_MS))) {
		disable_irq_nosync(irq);
		WRITE_ONCE(line->gap, true);
	}
	queue_delayed_work(system_highpri_wq, &line->work, msecs_to_jiffies(COLLECT_MS));
	return IRQ_HANDLED;
}

static void gpio_line_unmute(struct work_struct *work)
{
	struct gpio_line *line = container_of(work, struct gpio_line, unmute.work);

	if (!line->warned)
		dev_warn(line->dev, "more edges on %s than a meter has: is it connected?\n",
			 line->meter->port);
	line->warned = true;
	enable_irq(line->irq);
}

static void take_character(struct gpio_line *line, int character)
{
	u8 byte = character;

	if (character != SOFTUART_NONE)
		meter_receive(line->meter, &byte, 1);
}

/* Tells the meter what the softuart has counted since the last call. */
static void count_errors(struct gpio_line *line)
{
	const struct softuart_stats *stats = &line->uart.stats;
	u64 lost = stats->lost_edges - line->counted.lost_edges;
	u64 framing = stats->framing - line->counted.framing;

	if (lost || framing)
		meter_count_uart_errors(line->meter, lost, framing);
	line->counted = *stats;
}

/* A processor that wakes up late makes edges late: by a tenth of a bit at most. */
static s32 latency_us(unsigned int baud)
{
	return USEC_PER_SEC / 10 / (baud ?: 9600);
}

/* As for a tty whose speed is changed. */
static void follow_speed(struct gpio_line *line)
{
	unsigned int baud = softuart_baud(&line->uart);

	if (baud == line->baud)
		return;
	line->baud = baud;
	cpu_latency_qos_update_request(&line->latency, latency_us(baud));
	meter_relearn(line->meter);
}

static void take_edge(struct gpio_line *line, u64 edge)
{
	if (edge & EDGE_GAP)
		softuart_lost(&line->uart);
	take_character(line, softuart_edge(&line->uart, edge >> EDGE_SHIFT, edge & EDGE_LEVEL));
	follow_speed(line);
}

/* The last bits of a character may have no edge. */
static void close_character(struct gpio_line *line, u64 now)
{
	if (softuart_deadline(&line->uart) > now - CLOSE_SLACK_NS)
		return;
	if (READ_ONCE(line->gap))
		softuart_lost(&line->uart);
	else
		take_character(line, softuart_expire(&line->uart, now));
}

static void queue_close(struct gpio_line *line, u64 now)
{
	u64 at = softuart_deadline(&line->uart);

	if (at == SOFTUART_NEVER)
		return;
	at += CLOSE_SLACK_NS;
	queue_delayed_work(system_highpri_wq, &line->work,
			   at > now ? nsecs_to_jiffies(at - now) + 1 : 1);
}

static void gpio_line_work(struct work_struct *work)
{
	struct gpio_line *line = container_of(work, struct gpio_line, work.work);
	u64 now = ktime_get_ns();	/* before the ring is looked at: what it lacks is younger */
	u64 edge;

	while (kfifo_get(&line->edges, &edge))
		take_edge(line, edge);
	close_character(line, now);
	count_errors(line);
	queue_close(line, now);
}

static int read_speed(struct gpio_line *line)
{
	int ret = device_property_read_u32(line->dev, "current-speed", &line->baud);

	if (ret != -EINVAL && (ret || (line->baud != 1200 && line->baud != 9600)))
		return dev_err_probe(line->dev, -EINVAL,
				     "current-speed is neither 1200 nor 9600, the speeds of TIC\n");
	softuart_init(&line->uart, line->baud);
	return 0;
}

/* As gpioinfo shows it, such as pinctrl-bcm2835/17. */
static void port_name(const struct gpio_line *line, char *name, size_t size)
{
	const struct gpio_chip *chip = gpiod_to_chip(line->rx);

	snprintf(name, size, "%.24s/%d", chip->label, desc_to_gpio(line->rx) - chip->base);
}

static void gpio_line_unregister(void *context)
{
	struct gpio_line *line = context;

	meter_unregister(line->meter);
	cpu_latency_qos_remove_request(&line->latency);
}

static int gpio_line_register(struct gpio_line *line)
{
	char name[sizeof(line->meter->port)];

	port_name(line, name, sizeof(name));
	line->meter = meter_register(line->dev, name, "gpio");
	if (IS_ERR(line->meter))
		return PTR_ERR(line->meter);
	cpu_latency_qos_add_request(&line->latency, latency_us(line->baud));
	return devm_add_action_or_reset(line->dev, gpio_line_unregister, line);
}

/* The interrupt queues both, and @unmute may enable it: so in this order. */
static void gpio_line_stop(void *context)
{
	struct gpio_line *line = context;

	disable_irq(line->irq);
	cancel_delayed_work_sync(&line->unmute);
	cancel_delayed_work_sync(&line->work);
}

static int gpio_line_start(struct gpio_line *line)
{
	int ret;

	line->irq = gpiod_to_irq(line->rx);
	if (line->irq < 0)
		return dev_err_probe(line->dev, line->irq, "%s has no interrupt, use another GPIO\n",
				     line->meter->port);
	ret = devm_request_any_context_irq(line->dev, line->irq, gpio_line_edge,
					   IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING |
					   IRQF_NO_THREAD, "meterline", line);
	if (ret < 0)
		return dev_err_probe(line->dev, ret, "no interrupt on both edges of %s\n",
				     line->meter->port);
	if (ret == IRQC_IS_NESTED)
		dev_warn(line->dev, "edges of %s come late, over a bus: use a GPIO of the processor\n",
			 line->meter->port);
	return devm_add_action_or_reset(line->dev, gpio_line_stop, line);
}

static int gpio_line_probe(struct platform_device *pdev)
{
	struct gpio_line *line;
	int ret;

	line = devm_kzalloc(&pdev->dev, sizeof(*line), GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	line->dev = &pdev->dev;
	INIT_KFIFO(line->edges);
	INIT_DELAYED_WORK(&line->work, gpio_line_work);
	INIT_DELAYED_WORK(&line->unmute, gpio_line_unmute);
	line->rx = devm_gpiod_get(line->dev, "rx", GPIOD_IN);
	if (IS_ERR(line->rx))
		return dev_err_probe(line->dev, PTR_ERR(line->rx), "no GPIO by rx-gpios\n");
	line->toggles = gpiod_cansleep(line->rx);
	ret = read_speed(line);
	if (!ret)
		ret = gpio_line_register(line);
	return ret ?: gpio_line_start(line);
}

static const struct of_device_id gpio_line_of_match[] = {
	{ .compatible = "meterline,tic-gpio" },
	{}
};
MODULE_DEVICE_TABLE(of, gpio_line_of_match);

static struct platform_driver gpio_line_driver = {
	.driver = {
		.name = "meterline-gpio",
		.of_match_table = gpio_line_of_match,
	},
	.probe = gpio_line_probe,
};

/**
 * line_gpio_init - offer the driver
 *
 * Return: 0 or an error.
 */
int line_gpio_init(void)
{
	return platform_driver_register(&gpio_line_driver);
}

/** line_gpio_exit - withdraw it; its meters go */
void line_gpio_exit(void)
{
	platform_driver_unregister(&gpio_line_driver);
}
