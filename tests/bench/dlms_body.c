// SPDX-License-Identifier: MIT
/*
 * What a telegram of DLMS costs from its APDU in clear to quantities. Each figure is the smallest
 * of several, for the machine is noisy.
 */
#include <time.h>

#include "../host/dlms_apdus.h"

/* Each is so short that many are not interrupted. */
#define SAMPLES	  400
#define IN_SAMPLE 100

#define ENTRY(class_id, code) " 0204 1200" class_id " 0906 " code " 0F02 120000"

/* Of an E450, 504 bytes on its line in four blocks. */
static const char e450[] =
	"0F 00000001 0C 07E90B14FF08000000800000 0210 0110" ENTRY("28", "0008190900FF")
	ENTRY("01", "00002A0000FF") ENTRY("01", "0000600101FF") ENTRY("08", "0000010000FF")
	ENTRY("03", "0101010800FF") ENTRY("03", "0101020800FF") ENTRY("03", "0101030800FF")
	ENTRY("03", "0101040800FF") ENTRY("03", "0100010700FF") ENTRY("03", "0100020700FF")
	ENTRY("03", "0100200700FF") ENTRY("03", "0100340700FF") ENTRY("03", "0100480700FF")
	ENTRY("03", "01001F0700FF") ENTRY("03", "0100330700FF") ENTRY("03", "0100470700FF")
	" 0910 'LGZ1030999000001' 0908 '99000001' 090C 07E90B14FF08000000800000 06 00AEEE8F"
	" 06 000C45DA 06 0006C25B 06 00038632 06 000009A5 06 00000000 12 00E5 12 00E6 12 00E8"
	" 06 000002D6 06 0000005C 06 000000C5";

/* Kamstrup's list in Denmark, the largest without scalers. */
static const char omnipower[] =
	"0F 00000000 0C 07EA030C040F181EFF800000 0219 0A0E 'Kamstrup_V0001'"
	" 0906 0101010800FF 06 00603EAA 0906 0101020800FF 06 00000000"
	" 0906 0101000001FF 06 00BC5868 0906 0101010700FF 06 0000043B"
	" 0906 0101200700FF 12 00DE 0906 0101340700FF 12 00DD 0906 0101480700FF 12 00E3"
	" 0906 01011F0700FF 06 00000039 0906 0101330700FF 06 000000E4"
	" 0906 0101470700FF 06 0000014D 0906 0101150700FF 06 00000024"
	" 0906 0101290700FF 06 000001A8";

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static double sample_us(struct dlms_reading *r, const struct dlms_apdu *apdu)
{
	const struct dlms_settings none = { 0 };
	double begin = now_us();

	for (unsigned int i = 0; i < IN_SAMPLE; i++) {
		if (dlms_reading_parse(r, &none, apdu) != apdu->len) {
			fprintf(stderr, "dlms_body: an APDU is not read\n");
			exit(1);
		}
	}
	return (now_us() - begin) / IN_SAMPLE;
}

static void measure(const char *name, const char *text)
{
	static struct dlms_reading r;
	static struct apdu a;
	struct dlms_apdu apdu = { .bytes = a.bytes };
	double best = 1e9;

	a.len = 0;
	apdu_add(&a, text);
	apdu.len = a.len;
	for (unsigned int i = 0; i < SAMPLES; i++) {
		double took = sample_us(&r, &apdu);

		best = took < best ? took : best;
	}
	printf("bench dlms.body.%s %.2f us/telegram\n", name, best);
}

int main(void)
{
	measure("e450", e450);
	measure("omnipower", omnipower);
	return 0;
}
