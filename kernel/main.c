// SPDX-License-Identifier: GPL-2.0-only
/*
 * Meterline: smart meters on serial lines.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "line_gpio.h"
#include "line_serdev.h"
#include "meter.h"

static int __init meterline_init(void)
{
	int ret;

	ret = meter_sysfs_init();
	if (ret)
		return ret;
	ret = meter_init();
	if (ret)
		goto err_sysfs;
	ret = line_tty_init();
	if (ret)
		goto err_meter;
	ret = line_serdev_init();
	if (ret)
		goto err_tty;
	ret = line_gpio_init();
	if (ret)
		goto err_serdev;
	return 0;

err_serdev:
	line_serdev_exit();
err_tty:
	line_tty_exit();
err_meter:
	meter_exit();
err_sysfs:
	meter_sysfs_exit();
	return ret;
}

/*
 * No tty has the discipline and no file is open: they hold the module. What the device tree bound
 * does not, and goes with its driver.
 */
static void __exit meterline_exit(void)
{
	line_gpio_exit();
	line_serdev_exit();
	line_tty_exit();
	meter_exit();
	meter_sysfs_exit();
}

module_init(meterline_init);
module_exit(meterline_exit);

MODULE_DESCRIPTION("Smart meters: French TIC and DSMR P1 customer ports");
MODULE_AUTHOR("The Meterline authors");
MODULE_LICENSE("GPL");
