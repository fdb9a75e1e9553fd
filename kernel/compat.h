/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels from 6.1 on, at one place. Distribution kernels take changes
 * back into older releases, so only signatures go by the version.
 */
#ifndef METERLINE_COMPAT_H
#define METERLINE_COMPAT_H

#include <linux/device.h>
#include <linux/module.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "Meterline needs Linux 6.1 or newer"
#endif

/* tty_ldisc_ops.receive_buf(): the types of flags and count. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
typedef char ldisc_flag_t;
typedef int ldisc_count_t;
#else
typedef u8 ldisc_flag_t;
typedef size_t ldisc_count_t;
#endif

/* serdev_device_ops.receive_buf(): what it returns. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
typedef int serdev_count_t;
#else
typedef size_t serdev_count_t;
#endif

/* iio_info.write_event_config(): the state. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
typedef int iio_event_state_t;
#else
typedef bool iio_event_state_t;
#endif

/* class.dev_uevent(): its device. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
typedef struct device uevent_device_t;
#else
typedef const struct device uevent_device_t;
#endif

/* class_create() without an owner. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define compat_class_create(name) class_create(THIS_MODULE, name)
#else
#define compat_class_create(name) class_create(name)
#endif

#endif /* METERLINE_COMPAT_H */
