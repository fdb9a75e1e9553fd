/* SPDX-License-Identifier: MIT */
/*
 * Words that IIO has since 6.18, so that METERLINE_IIO_AC=y can be built against older headers.
 * What comes of it is never loaded.
 */
#define IIO_ALTCURRENT	 ((enum iio_chan_type)40)
#define IIO_MOD_RMS	 ((enum iio_modifier)50)
#define IIO_MOD_ACTIVE	 ((enum iio_modifier)51)
#define IIO_MOD_REACTIVE ((enum iio_modifier)52)
#define IIO_MOD_APPARENT ((enum iio_modifier)53)
