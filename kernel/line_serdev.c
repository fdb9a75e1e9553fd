// SPDX-License-Identifier: GPL-2.0-only
/*
 * A meter on a UART that the device tree gives to it: a board on top of a Raspberry Pi. There is no
 * tty to open, and no process.
 *
 *	UART -> serial bus -> serdev_line_receive() -> meter_receive()
 *
 * Properties, see dts/bindings: current-speed, or the speed is searched; request-gpios, the data
 * request line of a P1 port, which is held as long as the driver is bound, since who reads sysfs
 * and IIO holds nothing; meterline,request-while-open, held only while /dev/meterN is open; label,
 * the name of the port.
 *
 * The serial bus tells nothing of the errors that the UART saw: a damaged character comes as it is,
 * and of one that was lost (statistics/uart_overruns) nothing is known here.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/gpio/consumer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/property.h>
#include <linux/serdev.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "line_serdev.h"
#include "meter.h"
#include "telegram/speed_search.h"

/* How often a line is looked at whose speed is searched, and how often one that is read. */
#define LOOK_MS		500
#define WATCH_MS	2000

/* What the UART has taken in at the speed before comes within this time: 16 characters at 1200. */
#define DRAIN_MS	150

/**
 * struct serdev_line - a line on a UART
 * @serdev: the UART's device on the serial bus
 * @meter: the meter on the line
 * @request: the data request line, or NULL
 * @requested: what it was set to; changed by @opened only, once it is started
 * @opened: /dev/meterN was opened first or closed last
 * @look: searches the speed
 * @search: where the search stands; for @look
 * @bytes: what the meter had received when the speed was set
 * @reads: telegrams come; for @look
 * @told: speed at which telegrams were said to come, bit/s
 */
struct serdev_line {
	struct serdev_device *serdev;
	struct meter *meter;

	struct gpio_desc *request;
	bool requested;
	struct work_struct opened;

	struct delayed_work look;
	struct speed_search search;
	u64 bytes;
	bool reads;
	unsigned int told;
};

static u64 now_ms(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

static serdev_count_t serdev_line_receive(struct serdev_device *serdev, const u8 *bytes,
					  size_t count)
{
	struct serdev_line *line = serdev_device_get_drvdata(serdev);

	meter_receive(line->meter, bytes, count);
	return count;
}

static const struct serdev_device_ops serdev_line_ops = {
	.receive_buf = serdev_line_receive,
};

/* Sleeps. */
static void set_request(struct serdev_line *line, bool on)
{
	gpiod_set_value_cansleep(line->request, on);
	WRITE_ONCE(line->requested, on);
}

static void serdev_line_opened(struct work_struct *work)
{
	struct serdev_line *line = container_of(work, struct serdev_line, opened);

	set_request(line, meter_is_open(line->meter));
}

/* Sleeps. A UART whose clock cannot make the speed takes another one. */
static void set_speed(struct serdev_line *line)
{
	unsigned int wanted = speed_search_speed(&line->search);
	unsigned int set = serdev_device_set_baudrate(line->serdev, wanted);

	if (abs((int)(set - wanted)) > wanted / 50)
		dev_warn_once(&line->serdev->dev, "the UART makes %u bit/s of %u\n", set, wanted);
}

/* What came at another speed says nothing about this one. */
static void next_speed(struct serdev_line *line)
{
	speed_search_next(&line->search, now_ms());
	set_speed(line);
	msleep(DRAIN_MS);
	meter_relearn(line->meter);
	line->bytes = meter_hearing(line->meter).bytes;
}

static void tell_speed(struct serdev_line *line)
{
	unsigned int speed = speed_search_speed(&line->search);

	if (speed != line->told)
		dev_info(&line->serdev->dev, "telegrams come at %u bit/s\n", speed);
	line->told = speed;
}

/* The next speed, when it is time. A meter of whom nothing is requested may be silent. */
static void search_on(struct serdev_line *line, const struct meter_hearing *h)
{
	u64 until = speed_search_until(&line->search, h->seen, h->bytes != line->bytes);

	if (line->request && !READ_ONCE(line->requested))
		speed_search_silence(&line->search, now_ms());
	else if (until != SPEED_KEEP && now_ms() >= until)
		next_speed(line);
}

static void serdev_line_look(struct work_struct *work)
{
	struct serdev_line *line = container_of(work, struct serdev_line, look.work);
	struct meter_hearing h = meter_hearing(line->meter);

	if (h.reads && !line->reads) {
		speed_search_telegram(&line->search);
		tell_speed(line);
	} else if (!h.reads && line->reads) {
		speed_search_silence(&line->search, now_ms());
	}
	line->reads = h.reads;
	if (!h.reads)
		search_on(line, &h);
	schedule_delayed_work(&line->look, msecs_to_jiffies(h.reads ? WATCH_MS : LOOK_MS));
}

static int read_speed(struct serdev_line *line)
{
	struct device *dev = &line->serdev->dev;
	u32 speed = 0;
	int ret = device_property_read_u32(dev, "current-speed", &speed);

	if (ret != -EINVAL && (ret || (speed != 1200 && speed != 9600 && speed != 115200)))
		return dev_err_probe(dev, -EINVAL,
				     "current-speed is not 1200, 9600 or 115200, the speeds of meters\n");
	speed_search_init(&line->search, speed, now_ms());
	if (of_device_is_compatible(dev->of_node, "meterline,p1"))
		speed_search_begin_at(&line->search, 115200);
	return 0;
}

/* Not requested until the UART listens. */
static int get_request(struct serdev_line *line)
{
	struct device *dev = &line->serdev->dev;

	line->request = devm_gpiod_get_optional(dev, "request", GPIOD_OUT_LOW);
	if (IS_ERR(line->request))
		return dev_err_probe(dev, PTR_ERR(line->request), "no GPIO by request-gpios\n");
	return 0;
}

/*
 * A UART on the serial bus has no tty device, and which number it would have is known to its driver
 * alone: so the port is called as its board calls it, else as the device tree does.
 */
static int register_meter(struct serdev_line *line)
{
	struct device *dev = &line->serdev->dev;
	struct device_node *uart = of_get_parent(dev->of_node);
	const char *name = kbasename(of_node_full_name(uart));

	device_property_read_string(dev, "label", &name);
	line->meter = meter_register(dev, name, "serdev");
	of_node_put(uart);
	return PTR_ERR_OR_ZERO(line->meter);
}

/* Eight bits, one stop bit, no parity and no flow control for all meters; see line_tty.c. */
static int open_uart(struct serdev_line *line)
{
	struct serdev_device *serdev = line->serdev;
	int ret;

	serdev_device_set_client_ops(serdev, &serdev_line_ops);
	ret = serdev_device_open(serdev);
	if (ret)
		return dev_err_probe(&serdev->dev, ret, "the UART cannot be opened\n");
	serdev_device_set_flow_control(serdev, false);
	ret = serdev_device_set_parity(serdev, SERDEV_PARITY_NONE);
	if (ret) {
		serdev_device_close(serdev);
		return dev_err_probe(&serdev->dev, ret, "the UART cannot do without parity\n");
	}
	set_speed(line);
	return 0;
}

static void start(struct serdev_line *line)
{
	struct device *dev = &line->serdev->dev;

	if (line->request && device_property_read_bool(dev, "meterline,request-while-open"))
		meter_watch_open(line->meter, &line->opened);
	else if (line->request)
		set_request(line, true);
	if (!line->search.fixed)
		schedule_delayed_work(&line->look, msecs_to_jiffies(LOOK_MS));
}

static int serdev_line_probe(struct serdev_device *serdev)
{
	struct serdev_line *line;
	int ret;

	line = devm_kzalloc(&serdev->dev, sizeof(*line), GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	line->serdev = serdev;
	INIT_WORK(&line->opened, serdev_line_opened);
	INIT_DELAYED_WORK(&line->look, serdev_line_look);
	serdev_device_set_drvdata(serdev, line);
	ret = read_speed(line);
	if (!ret)
		ret = get_request(line);
	if (!ret)
		ret = register_meter(line);
	if (ret)
		return ret;
	ret = open_uart(line);
	if (ret)
		meter_unregister(line->meter);
	else
		start(line);
	return ret;
}

/* When the UART is closed, nothing comes any more. */
static void serdev_line_remove(struct serdev_device *serdev)
{
	struct serdev_line *line = serdev_device_get_drvdata(serdev);

	meter_watch_open(line->meter, NULL);
	cancel_work_sync(&line->opened);
	cancel_delayed_work_sync(&line->look);
	if (line->request)
		set_request(line, false);
	serdev_device_close(serdev);
	meter_unregister(line->meter);
}

static const struct of_device_id serdev_line_of_match[] = {
	{ .compatible = "meterline,tic" },
	{ .compatible = "meterline,p1" },
	{}
};
MODULE_DEVICE_TABLE(of, serdev_line_of_match);

static struct serdev_device_driver serdev_line_driver = {
	.driver = {
		.name = "meterline",
		.of_match_table = serdev_line_of_match,
	},
	.probe = serdev_line_probe,
	.remove = serdev_line_remove,
};

/**
 * line_serdev_init - offer the driver
 *
 * The serial bus probes in the background: meters may come after this has returned.
 *
 * Return: 0 or an error.
 */
int line_serdev_init(void)
{
	return serdev_device_driver_register(&serdev_line_driver);
}

/** line_serdev_exit - withdraw it; its meters go */
void line_serdev_exit(void)
{
	serdev_device_driver_unregister(&serdev_line_driver);
}
