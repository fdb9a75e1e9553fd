// SPDX-License-Identifier: MIT
#include <ctype.h>

#include "../../userspace/decode/dlms_json.h"
#include "../../userspace/lib/hex.h"
#include "dlms_apdus.h"

void apdu_add(struct apdu *a, const char *text)
{
	for (; *text; text++) {
		if (*text == ' ')
			continue;
		if (a->len == APDU_MAX)
			abort();
		if (*text != '\'') {
			if (!isxdigit((u8)text[0]) || !isxdigit((u8)text[1]))
				abort();
			a->bytes[a->len++] = hex_digit_value(text[0]) << 4 |
					     hex_digit_value(text[1]);
			text++;
			continue;
		}
		for (text++; *text != '\''; text++)
			a->bytes[a->len++] = *text;
	}
}

void apdu_of(struct apdu *a, const char *body)
{
	a->len = 0;
	apdu_add(a, "0F 00000001 00");
	apdu_add(a, body);
}

size_t parse_exact(struct dlms_reading *r, const struct dlms_settings *s, const u8 *bytes,
		   size_t len, const char *title)
{
	const struct dlms_settings none = { 0 };
	u8 *copy = malloc(len ? len : 1);
	struct dlms_apdu apdu = {
		.bytes = copy,
		.len = len,
		.system_title = (const u8 *)title,
		.first_byte = 42,
	};
	size_t used;

	memcpy(copy, bytes, len);
	used = dlms_reading_parse(r, s ? s : &none, &apdu);
	free(copy);
	return used;
}

char *json_of(const struct dlms_reading *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	dlms_json(out, r);
	fclose(out);
	return text;
}

#define HEAD "0F 00000001 00 "
#define SCALER(scaler, unit) "0202 0F" scaler " 16" unit " "

/* Every layout, and every form of the time of a message; numbers are invented. */
const struct dlms_sample dlms_samples[] = {
	{ "push object list", NULL,
	  "0F 00000001 0C 07E90B14FF08000000800000 0209 0109"
	  " 0204 120028 0906 0008190900FF 0F02 120000"
	  " 0204 120001 0906 00002A0000FF 0F02 120000"
	  " 0204 120008 0906 0000010000FF 0F02 120000"
	  " 0204 120003 0906 0101010800FF 0F02 120000"
	  " 0204 120003 0906 0100010700FF 0F02 120000"
	  " 0204 120003 0906 0100020700FF 0F02 120000"
	  " 0204 120003 0906 0100200700FF 0F02 120000"
	  " 0204 120003 0906 01001F0700FF 0F02 120000"
	  " 0204 120003 0906 01000D0700FF 0F02 120000"
	  " 0910 'LGZ1030999000001' 090C 07E90B14FF08000000FFC400"
	  " 06 00AEEE8F 06 000009A5 06 00000000 12 00E5 06 000002D6 12 03E3",
	  "{\"protocol\":\"dlms\",\"meter\":\"LGZ1030999000001\",\"time\":"
	  "\"2025-11-20T07:00:00Z\",\"damaged\":0,\"fields\":[[\"0-0:42.0.0\","
	  "\"LGZ1030999000001\",\"\"],[\"0-0:1.0.0\",\"07E90B14FF08000000FFC400\",\"\"],"
	  "[\"1-1:1.8.0\",\"11464335\",\"\"],[\"1-0:1.7.0\",\"2469\",\"\"],"
	  "[\"1-0:2.7.0\",\"0\",\"\"],[\"1-0:32.7.0\",\"229\",\"\"],"
	  "[\"1-0:31.7.0\",\"726\",\"\"],[\"1-0:13.7.0\",\"995\",\"\"]],\"quantities\":{"
	  "\"energy_import\":11464335,\"power_import\":2469,\"power_export\":0,"
	  "\"power_net\":2469,\"voltage_l1\":229,\"current_l1\":7.26,"
	  "\"power_factor\":0.995}}\n" },
	{ "push object list with restrictions, and one that does not name itself", NULL,
	  HEAD "0204 0103"
	       " 0206 120001 0906 0000600100FF 0F02 120000 0202 1600 00 0100"
	       " 0206 120001 0906 0000600587FF 0F02 120000 0202 1600 00 0100"
	       " 0206 120003 0906 0100010800FF 0F02 120000 0202 1600 00 0100"
	       " 0908 '77000001' 0202 0906 0000636204FF 120003 06 00000011",
	  "{\"protocol\":\"dlms\",\"meter\":\"77000001\",\"damaged\":0,\"fields\":["
	  "[\"0-0:96.1.0\",\"77000001\",\"\"],[\"1-0:1.8.0\",\"17\",\"\"]],"
	  "\"quantities\":{\"energy_import\":17}}\n" },
	{ "push object list with scalers as values of their own", NULL,
	  HEAD "0206 0106"
	       " 0204 120028 0906 0006190900FF 0F02 120000"
	       " 0204 120003 0906 0100010800FF 0F01 120000"
	       " 0204 120003 0906 0100010800FF 0F03 120000"
	       " 0204 120003 0906 0100010800FF 0F02 120000"
	       " 0204 120003 0906 0100010700FF 0F02 120000"
	       " 0204 120003 0906 0100010700FF 0F03 120000"
	       " 0906 0100010800FF 0202 0F01 161E 06 00000123 06 0000007B 0202 0FFF 161B",
	  "{\"protocol\":\"dlms\",\"damaged\":0,\"fields\":[[\"1-0:1.8.0\",\"2910\",\"Wh\"],"
	  "[\"1-0:1.7.0\",\"12.3\",\"W\"]],\"quantities\":{\"energy_import\":2910,"
	  "\"power_import\":12.3,\"power_net\":12.3}}\n" },
	{ "codes and values", "LGZ\1\2\3\4\5",
	  "0F 00000001 0C 07E602150111251EFF800000 0207 090C 07E602150111251EFF800000"
	  " 0906 0100010801FF 06 00000064 0906 0100010802FF 06 00000017"
	  " 0906 0100010700FF 06 00000B4D",
	  "{\"protocol\":\"dlms\",\"meter\":\"4C475A0102030405\",\"damaged\":0,\"fields\":["
	  "[\"\",\"07E602150111251EFF800000\",\"\"],[\"1-0:1.8.1\",\"100\",\"\"],"
	  "[\"1-0:1.8.2\",\"23\",\"\"],[\"1-0:1.7.0\",\"2893\",\"\"]],\"quantities\":{"
	  "\"energy_import\":123,\"energy_import_t1\":100,\"energy_import_t2\":23,"
	  "\"power_import\":2893,\"power_net\":2893}}\n" },
	{ "Kamstrup's, of one phase", NULL,
	  "0F 00000000 0C 07E60111010C2C28FF800000 020F 0A0E 'Kamstrup_V0001'"
	  " 0906 0101000005FF 0A10 '5700000000000001' 0906 0101010700FF 06 00000768"
	  " 0906 01011F0700FF 06 00000380 00 00 00 00 0906 0101200700FF 12 00E1"
	  " 0906 0101010800FF 06 00000100",
	  "{\"protocol\":\"dlms\",\"meter\":\"5700000000000001\",\"damaged\":0,\"fields\":["
	  "[\"\",\"Kamstrup_V0001\",\"\"],[\"1-1:0.0.5\",\"5700000000000001\",\"\"],"
	  "[\"1-1:1.7.0\",\"1896\",\"\"],[\"1-1:31.7.0\",\"896\",\"\"],"
	  "[\"1-1:32.7.0\",\"225\",\"\"],[\"1-1:1.8.0\",\"256\",\"\"]],\"quantities\":{"
	  "\"power_import\":1896,\"power_net\":1896,\"voltage_l1\":225,"
	  "\"current_l1\":8.96}}\n" },
	{ "structures of code, value and scaler", NULL,
	  HEAD "0105 0202 0906 0101000281FF 0A0B 'AIDON_V0001'"
	       " 0202 0906 0000600100FF 0A10 '7350000000000001'"
	       " 0203 0906 0100010700FF 06 00000118 " SCALER("00", "1B")
	       " 0203 0906 0100200700FF 12 08E2 " SCALER("FF", "23")
	       " 0203 0906 0100010800FF 06 0022AB8A " SCALER("01", "1E"),
	  "{\"protocol\":\"dlms\",\"meter\":\"7350000000000001\",\"damaged\":0,\"fields\":["
	  "[\"1-1:0.2.129\",\"AIDON_V0001\",\"\"],[\"0-0:96.1.0\",\"7350000000000001\",\"\"],"
	  "[\"1-0:1.7.0\",\"280\",\"W\"],[\"1-0:32.7.0\",\"227.4\",\"V\"],"
	  "[\"1-0:1.8.0\",\"22721380\",\"Wh\"]],\"quantities\":{\"energy_import\":22721380,"
	  "\"power_import\":280,\"power_net\":280,\"voltage_l1\":227.4}}\n" },
	{ "code, value and scaler in a row, and the number behind them", "KFM\1\2\3\4\5",
	  "0F 00000001 0C 07E5091B01092F0F00FF8880 0208 090C 07E5091B01092F0F00FF8880"
	  " 0906 0100010800FF 06 00003289 " SCALER("00", "1E")
	  " 0906 01000D0700FF 10 03E8 " SCALER("FD", "FF") " 090C '181220000001'",
	  "{\"protocol\":\"dlms\",\"meter\":\"181220000001\",\"time\":"
	  "\"2021-09-27T07:47:15Z\",\"damaged\":0,\"fields\":[[\"\","
	  "\"07E5091B01092F0F00FF8880\",\"\"],[\"1-0:1.8.0\",\"12937\",\"Wh\"],"
	  "[\"1-0:13.7.0\",\"1.000\",\"\"],[\"\",\"181220000001\",\"\"]],\"quantities\":{"
	  "\"energy_import\":12937,\"power_factor\":1}}\n" },
	{ "Kaifa's values without codes", NULL,
	  "0F 40000000 090C 07E40119060E000AFF800000 020E 0907 'KFM_001'"
	  " 0910 '6970000000000001' 0908 'MA105H2E' 06 00001328 06 00000000 06 00000000"
	  " 06 00000179 06 000038EB 06 00000891 090C 07E40119060E000AFF003C00 06 04BE76E8"
	  " 06 00000000 06 000D922D 06 0030FEB4",
	  "{\"protocol\":\"dlms\",\"meter\":\"6970000000000001\",\"time\":"
	  "\"2020-01-25T15:00:10Z\",\"damaged\":0,\"fields\":[[\"1-1:0.2.129\",\"KFM_001\","
	  "\"\"],[\"0-0:96.1.0\",\"6970000000000001\",\"\"],[\"0-0:96.1.7\",\"MA105H2E\","
	  "\"\"],[\"1-0:1.7.0\",\"4904\",\"\"],[\"1-0:2.7.0\",\"0\",\"\"],"
	  "[\"1-0:3.7.0\",\"0\",\"\"],[\"1-0:4.7.0\",\"377\",\"\"],"
	  "[\"1-0:31.7.0\",\"14571\",\"\"],[\"1-0:32.7.0\",\"2193\",\"\"],"
	  "[\"0-0:1.0.0\",\"07E40119060E000AFF003C00\",\"\"],"
	  "[\"1-0:1.8.0\",\"79591144\",\"\"],[\"1-0:2.8.0\",\"0\",\"\"],"
	  "[\"1-0:3.8.0\",\"889389\",\"\"],[\"1-0:4.8.0\",\"3210932\",\"\"]],"
	  "\"quantities\":{\"energy_import\":79591144,\"energy_export\":0,"
	  "\"energy_reactive_import\":889389,\"energy_reactive_export\":3210932,"
	  "\"power_import\":4904,\"power_export\":0,\"power_net\":4904,"
	  "\"power_reactive_import\":0,\"power_reactive_export\":377,\"voltage_l1\":219.3,"
	  "\"current_l1\":14.571}}\n" },
	{ "a number alone", NULL, HEAD "0201 06 000016DC",
	  "{\"protocol\":\"dlms\",\"damaged\":0,\"fields\":[[\"1-0:1.7.0\",\"5852\",\"\"]],"
	  "\"quantities\":{\"power_import\":5852,\"power_net\":5852}}\n" },
	{ "values without codes that nobody knows", "ABC\1\2\3\4\5",
	  "0F 00000001 19 07E5091B01092F0F00FF8880 0204 0908 '99000001' 06 00000001"
	  " 12 0002 16 03",
	  "{\"protocol\":\"dlms\",\"meter\":\"4142430102030405\",\"time\":"
	  "\"2021-09-27T07:47:15Z\",\"damaged\":0,\"fields\":[[\"\",\"99000001\",\"\"],"
	  "[\"\",\"1\",\"\"],[\"\",\"2\",\"\"],[\"\",\"3\",\"\"]],\"quantities\":{}}\n" },
	{ "descriptions without tags", NULL,
	  HEAD "0202 1601 0104 0202 0028 0000190900FF 01 0906 0002190900FF"
	       " 0202 0001 0000600101FF 02 090A '5100000001'"
	       " 0202 0046 000060030AFF 03 1601 0202 0003 0100010700FF 02 06 000007A4",
	  "{\"protocol\":\"dlms\",\"damaged\":0,\"fields\":[[\"\",\"1\",\"\"],"
	  "[\"0-0:96.1.1\",\"5100000001\",\"\"],[\"0-0:96.3.10\",\"1\",\"\"],"
	  "[\"1-0:1.7.0\",\"1956\",\"\"]],\"quantities\":{}}\n" },
	{ "value, class, scaler and code", NULL,
	  HEAD "0102 0204 06 00000020 120003 " SCALER("00", "1B") " 0906 0100010700FF"
	       " 0204 12 0917 120003 " SCALER("FF", "23") " 0906 0100200700FF",
	  "{\"protocol\":\"dlms\",\"damaged\":0,\"fields\":[[\"1-0:1.7.0\",\"32\",\"W\"],"
	  "[\"1-0:32.7.0\",\"232.7\",\"V\"]],\"quantities\":{\"power_import\":32,"
	  "\"power_net\":32,\"voltage_l1\":232.7}}\n" },
	{ "codes whose tag and length changed places", NULL,
	  HEAD "0102 0203 0906 01001F0700FF 10 00F4 " SCALER("FE", "21")
	       " 0203 0609 0100330700FF 10 0005 " SCALER("FE", "21"),
	  "{\"protocol\":\"dlms\",\"damaged\":0,\"fields\":[[\"1-0:31.7.0\",\"2.44\",\"A\"],"
	  "[\"1-0:51.7.0\",\"0.05\",\"A\"]],\"quantities\":{\"current_l1\":2.44,"
	  "\"current_l2\":0.05}}\n" },
	{ "a compact array of structures", NULL,
	  HEAD "0201 13 0202 09 06 16 06 0100010700FF 00000118 06 0100020700FF 00000002",
	  "{\"protocol\":\"dlms\",\"damaged\":0,\"fields\":[[\"1-0:1.7.0\",\"280\",\"\"],"
	  "[\"1-0:2.7.0\",\"2\",\"\"]],\"quantities\":{}}\n" },
};

const size_t dlms_sample_count = COUNT(dlms_samples);

size_t apdu_seeds(struct vector **vectors)
{
	struct apdu *a = malloc(sizeof(*a));

	*vectors = calloc(dlms_sample_count, sizeof(**vectors));
	for (size_t i = 0; i < dlms_sample_count; i++) {
		struct vector *v = &(*vectors)[i];

		a->len = 0;
		apdu_add(a, dlms_samples[i].apdu);
		snprintf(v->name, sizeof(v->name), "%s", dlms_samples[i].name);
		v->bytes = malloc(a->len);
		v->len = a->len;
		memcpy(v->bytes, a->bytes, a->len);
	}
	free(a);
	return dlms_sample_count;
}
