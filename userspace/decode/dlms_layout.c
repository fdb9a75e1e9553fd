// SPDX-License-Identifier: MIT
/*
 * Notification bodies: which value belongs to which code.
 *
 * Meters arrange the same things in many ways. A body is walked through from its beginning, and at
 * each place the first pattern that fits says what the next values are; where none fits, what
 * stands there has elements, which are walked through in the same way. Two kinds of lists are
 * known by their beginning: those that begin with their own description, and those of values
 * whose places are their meaning.
 */
#include "dlms_parts.h"

/*
 * Letters of patterns, each one value: O code, V any value without elements, S {scaler, unit}, C
 * class, A attribute, . anything; {} a structure of just these; D a class, a code and an attribute
 * without tags; T a code whose tag and length changed places. D and T are no A-XDR.
 */
struct layout {
	const char *pattern;
	u8 top;			/* values that it takes where it stands; of a structure one */
	const char *text;	/* for people */
};

static const struct layout layouts[] = {
	/* Aidon, Iskraemeco AM550, Kaifa in Salzburg */
	{ "{OVS}", 1, "{code, value, {scaler, unit}}" },
	{ "{OV}", 1, "{code, value}" },
	/* An example of Landis+Gyr ZMF100. */
	{ "{TVS}", 1, "{code with tag and length in turn, value, {scaler, unit}}" },
	{ "{VCSO}", 1, "{value, class, {scaler, unit}, code}" },
	/* EG.D: ZPA, Sagemcom XT211 */
	{ "{DV}", 1, "{class, code and attribute without tags, value}" },
	{ "{D.}", 1, "{class, code and attribute without tags, anything}" },
	/* EVN: Kaifa, Sagemcom */
	{ "OVS", 3, "code, value, {scaler, unit} in a row" },
	/* Landis+Gyr E450 in Austria, Kamstrup, Kaifa in Sweden */
	{ "OV", 2, "code, value in a row" },
	{ "V", 1, "a value without a code" },
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))
/* The same for lists that are no patterns. */
#define LAYOUT_PUSH_LIST LAYOUTS
#define LAYOUT_PLACE	 (LAYOUTS + 1)

/**
 * dlms_layout_text - how a field and what is said of it stand in their list
 * @layout: of the field, @dlms_detail.layout
 *
 * Return: a constant text for people.
 */
const char *dlms_layout_text(u8 layout)
{
	if (layout < LAYOUTS)
		return layouts[layout].text;
	return layout == LAYOUT_PUSH_LIST ? "a list that begins with its own description"
					  : "a list in which the place of a value is its meaning";
}

/* One entry of a description: class, code, attribute, index, and restrictions in newer ones. */
static const char entry_pattern[] = "COA.";

#define CLASS_REGISTER		3
#define CLASS_EXTENDED		4
#define CLASS_DEMAND		5
#define CLASS_PUSH_SETUP	40
/* A description names no more objects than a telegram has fields, but for the scalers. */
#define ENTRIES_MAX (2 * METERLINE_P1_MAX_LINES)

static const u8 lone_codes[][OBIS_LEN] = { { 1, 0, 1, 7, 0, 255 } };

#define NORWAY_NAMES { 1, 1, 0, 2, 129, 255 }, { 0, 0, 96, 1, 0, 255 }, { 0, 0, 96, 1, 7, 255 }
#define NORWAY_POWERS                                                                             \
	{ 1, 0, 1, 7, 0, 255 }, { 1, 0, 2, 7, 0, 255 }, { 1, 0, 3, 7, 0, 255 },                    \
		{ 1, 0, 4, 7, 0, 255 }
#define NORWAY_ONE_PHASE { 1, 0, 31, 7, 0, 255 }, { 1, 0, 32, 7, 0, 255 }
#define NORWAY_THREE_PHASES                                                                       \
	{ 1, 0, 31, 7, 0, 255 }, { 1, 0, 51, 7, 0, 255 }, { 1, 0, 71, 7, 0, 255 },                 \
		{ 1, 0, 32, 7, 0, 255 }, { 1, 0, 52, 7, 0, 255 }, { 1, 0, 72, 7, 0, 255 }
#define NORWAY_HOURLY                                                                             \
	{ 0, 0, 1, 0, 0, 255 }, { 1, 0, 1, 8, 0, 255 }, { 1, 0, 2, 8, 0, 255 },                    \
		{ 1, 0, 3, 8, 0, 255 }, { 1, 0, 4, 8, 0, 255 }

static const u8 one_phase[][OBIS_LEN] = {
	NORWAY_NAMES, NORWAY_POWERS, NORWAY_ONE_PHASE, NORWAY_HOURLY,
};

static const u8 three_phases[][OBIS_LEN] = {
	NORWAY_NAMES, NORWAY_POWERS, NORWAY_THREE_PHASES, NORWAY_HOURLY,
};

/**
 * struct places - a list in which the place of a value is its meaning
 * @first: text with which it begins; NULL: it is one number of 32 bits
 * @count: its values
 * @codes: what they are
 */
struct places {
	const char *first;
	unsigned int count;
	const u8 (*codes)[OBIS_LEN];
};

/* Kaifa's lists 1 to 3 of the Norwegian HAN port (NVE, OBIS list of Kaifa). */
static const struct places places[] = {
	{ NULL, 1, lone_codes },
	{ "KFM_001", 9, one_phase },
	{ "KFM_001", 13, three_phases },
	{ "KFM_001", 14, one_phase },
	{ "KFM_001", 18, three_phases },
};

static bool read_code(struct axdr *a, struct dlms_item *item)
{
	struct axdr_value v;

	if (!axdr_read(a, &v) || v.tag != AXDR_OCTET_STRING || v.len != OBIS_LEN ||
	    !dlms_is_code(v.bytes))
		return false;
	item->code = v.bytes;
	return true;
}

static bool read_value(struct axdr *a, struct dlms_item *item)
{
	return axdr_read(a, &item->value) && !axdr_has_elements(&item->value);
}

static bool read_scaler(struct axdr *a, struct dlms_item *item)
{
	struct axdr_value v;

	if (!axdr_read(a, &v) || v.tag != AXDR_STRUCTURE || v.count != 2 || !axdr_read(a, &v) ||
	    v.tag != AXDR_INT8)
		return false;
	item->scaler = (s8)v.bytes[0];
	if (!axdr_read(a, &v) || v.tag != AXDR_ENUM)
		return false;
	item->unit = v.bytes[0];
	item->scaled = true;
	return true;
}

static bool read_class(struct axdr *a, struct dlms_item *item)
{
	struct axdr_value v;

	if (!axdr_read(a, &v) || v.tag != AXDR_UINT16)
		return false;
	item->class_id = v.bytes[0] << 8 | v.bytes[1];
	return true;
}

static bool read_attribute(struct axdr *a, struct dlms_item *item)
{
	struct axdr_value v;

	if (!axdr_read(a, &v) || (v.tag != AXDR_INT8 && v.tag != AXDR_UINT8))
		return false;
	item->attribute = v.bytes[0];
	return true;
}

#define BARE_DESCRIPTION_LEN 9
#define ATTRIBUTE_MAX 30

/* Class, code and attribute as bare bytes: only what can hardly be anything else. */
static bool read_description(struct axdr *a, struct dlms_item *item)
{
	const u8 *b = a->at;

	if (a->type || a->end - b < BARE_DESCRIPTION_LEN || b[0] || !b[1] || !dlms_is_code(b + 2) ||
	    b[7] != 255 || !b[8] || b[8] > ATTRIBUTE_MAX)
		return false;
	item->class_id = b[1];
	item->code = b + 2;
	item->attribute = b[8];
	a->at += BARE_DESCRIPTION_LEN;
	return true;
}

static bool read_turned_code(struct axdr *a, struct dlms_item *item)
{
	const u8 *b = a->at;

	if (a->type || a->end - b < 2 + OBIS_LEN || b[0] != OBIS_LEN ||
	    b[1] != AXDR_OCTET_STRING || !dlms_is_code(b + 2) || b[2 + OBIS_LEN - 1] != 255)
		return false;
	item->code = b + 2;
	a->at += 2 + OBIS_LEN;
	return true;
}

static bool read_letter(char letter, struct axdr *a, struct dlms_item *item, unsigned int *budget)
{
	switch (letter) {
	case 'O':
		return read_code(a, item);
	case 'V':
		return read_value(a, item);
	case 'S':
		return read_scaler(a, item);
	case 'C':
		return read_class(a, item);
	case 'A':
		return read_attribute(a, item);
	case 'D':
		return read_description(a, item);
	case 'T':
		return read_turned_code(a, item);
	default:
		return axdr_skip(a, budget);
	}
}

static bool read_letters(const char *letters, struct axdr *a, struct dlms_item *item,
			 unsigned int *budget)
{
	for (; *letters && *letters != '}'; letters++) {
		if (!read_letter(*letters, a, item, budget))
			return false;
	}
	return true;
}

/* The beginning of a structure of as many elements as the pattern has letters. */
static bool read_brace(const char *pattern, struct axdr *a)
{
	struct axdr_value v;

	return axdr_read(a, &v) && v.tag == AXDR_STRUCTURE && v.count == strlen(pattern) - 2;
}

static bool fits(const char *pattern, struct axdr *a, struct dlms_item *item, unsigned int *budget)
{
	if (*pattern != '{')
		return read_letters(pattern, a, item, budget);
	return read_brace(pattern, a) && read_letters(pattern + 1, a, item, budget);
}

/* What the next values are; of @left in their list. NULL: they have elements, or are damaged. */
static const struct layout *find_layout(struct dlms_build *b, struct axdr *a, unsigned int left,
					struct dlms_item *item)
{
	for (unsigned int i = 0; i < LAYOUTS; i++) {
		struct axdr ahead = *a;

		*item = (struct dlms_item){ .layout = i };
		if (layouts[i].top > left || !fits(layouts[i].pattern, &ahead, item, &b->budget))
			continue;
		*a = ahead;
		return &layouts[i];
	}
	return NULL;
}

static void name_list(struct dlms_reading *r, const struct dlms_item *item)
{
	if (item->class_id == CLASS_PUSH_SETUP && !r->list[0])
		r->list[dlms_write_code(item->code, r->list)] = '\0';
}

static bool walk(struct dlms_build *b, struct axdr *a, unsigned int count, const u8 *each,
		 unsigned int depth);

/* Elements without a single byte cannot go on for ever: they use up the budget. */
static bool walk_compact(struct dlms_build *b, const struct axdr_value *v, unsigned int depth)
{
	struct axdr a = axdr_contents(v);

	while (a.at < a.end) {
		a.type = v->type;
		if (!walk(b, &a, 1, NULL, depth))
			return false;
	}
	return true;
}

/* What is no A-XDR, and cut off or damaged, would be read as something else that is. */
static bool is_foreign(struct axdr a)
{
	struct axdr ahead = a;
	struct dlms_item item;

	return (read_brace("{DV}", &a) && read_description(&a, &item)) ||
	       (read_brace("{TVS}", &ahead) && read_turned_code(&ahead, &item));
}

static bool walk_elements(struct dlms_build *b, struct axdr *a, unsigned int depth)
{
	struct axdr_value v;

	if (b->bare || is_foreign(*a))
		return false;
	if (depth == AXDR_DEPTH_MAX || !axdr_read(a, &v) || !axdr_has_elements(&v))
		return false;
	if (v.tag == AXDR_COMPACT_ARRAY)
		return walk_compact(b, &v, depth + 1);
	if (v.each && !v.count)
		return axdr_skip_type(a);
	return walk(b, a, v.count, v.each, depth + 1);
}

/* @count values; @each: the type of each of them, where they have one in common. */
static bool walk(struct dlms_build *b, struct axdr *a, unsigned int count, const u8 *each,
		 unsigned int depth)
{
	const struct layout *found;
	struct dlms_item item;

	for (unsigned int at = 0; at < count; at += found ? found->top : 1) {
		if (!b->budget)
			return false;
		b->budget--;
		if (each)
			a->type = each;
		found = find_layout(b, a, each ? 1 : count - at, &item);
		if (found && !item.code && depth <= 1 && b->places && at < b->places->count) {
			item.code = b->places->codes[at];
			item.layout = LAYOUT_PLACE;
		}
		if (found) {
			b->bare |= found->pattern[1] == 'D';
			name_list(b->r, &item);
		}
		if (found ? !dlms_add_field(b, &item) : !walk_elements(b, a, depth))
			return false;
	}
	return true;
}

static bool begins_with(struct axdr a, const char *text)
{
	struct axdr_value v;

	if (!axdr_read(&a, &v))
		return false;
	if (!text)
		return v.tag == AXDR_UINT32;
	return axdr_is_string(&v) && v.len == strlen(text) && !memcmp(v.bytes, text, v.len);
}

/* What the values of a list without codes are; NULL: not known. */
static const struct places *find_places(struct axdr a)
{
	struct axdr elements = a;
	struct axdr_value v;

	if (!axdr_read(&elements, &v))
		return NULL;
	if (v.tag == AXDR_STRUCTURE)
		a = elements;
	else
		v.count = 1;
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].count == v.count && begins_with(a, places[i].first))
			return &places[i];
	}
	return NULL;
}

/**
 * struct push_list - a list that begins with its own description
 * @entries: the first entry of the description that has a value behind it
 * @values: the first value
 * @count: of them
 */
struct push_list {
	struct axdr entries;
	struct axdr values;
	unsigned int count;
};

#define SCALERS_MAX METERLINE_P1_MAX_LINES

/** struct scalers - those that are values of a list */
struct scalers {
	struct dlms_item items[SCALERS_MAX];
	unsigned int count;
};

/* More than four elements: what newer meters add is of no use here. */
static bool read_entry(struct axdr *a, struct dlms_item *item, unsigned int *budget)
{
	struct axdr_value v;

	*item = (struct dlms_item){ 0 };
	if (!axdr_read(a, &v) || v.tag != AXDR_STRUCTURE || v.count < strlen(entry_pattern) ||
	    !read_letters(entry_pattern, a, item, budget))
		return false;
	for (v.count -= strlen(entry_pattern); v.count; v.count--) {
		if (!axdr_skip(a, budget))
			return false;
	}
	return true;
}

/*
 * The description is an array of entries, of which the first one is mostly the description itself,
 * whose value does not come again.
 */
static bool find_push_list(struct dlms_build *b, struct axdr a, struct push_list *list)
{
	struct axdr_value outer, entries;
	struct dlms_item item;
	struct axdr behind_first;

	if (!axdr_read(&a, &outer) || outer.tag != AXDR_STRUCTURE || !axdr_read(&a, &entries) ||
	    entries.tag != AXDR_ARRAY || !entries.count || entries.count > ENTRIES_MAX)
		return false;
	list->entries = behind_first = a;
	for (unsigned int i = 0; i < entries.count; i++) {
		if (!read_entry(&a, &item, &b->budget))
			return false;
		if (!i)
			behind_first = a;
		name_list(b->r, &item);
	}
	list->values = a;
	list->count = outer.count - 1;
	if (list->count == entries.count - 1)
		list->entries = behind_first;
	return list->count + 1 == entries.count || list->count == entries.count;
}

static bool is_scaler(const struct dlms_item *item)
{
	if (item->class_id == CLASS_REGISTER || item->class_id == CLASS_EXTENDED)
		return item->attribute == 3;
	return item->class_id == CLASS_DEMAND && item->attribute == 4;
}

/* The scaler of an object may be a value of its own in the same list. */
static bool find_scalers(struct dlms_build *b, struct push_list l, struct scalers *s)
{
	s->count = 0;
	for (; l.count; l.count--) {
		struct axdr value = l.values;
		struct dlms_item *item = &s->items[s->count];

		if (s->count == SCALERS_MAX || !read_entry(&l.entries, item, &b->budget) ||
		    !axdr_skip(&l.values, &b->budget))
			return false;
		if (is_scaler(item) && read_scaler(&value, item))
			s->count++;
	}
	return true;
}

static void take_scaler(const struct scalers *s, struct dlms_item *item)
{
	for (unsigned int i = 0; i < s->count; i++) {
		const struct dlms_item *other = &s->items[i];

		if (other->class_id != item->class_id || memcmp(other->code, item->code, OBIS_LEN))
			continue;
		item->scaled = true;
		item->scaler = other->scaler;
		item->unit = other->unit;
	}
}

/* What has elements is no value of a field. */
static bool read_push_list(struct dlms_build *b, struct push_list *l)
{
	struct scalers scalers;
	struct dlms_item item;

	if (!find_scalers(b, *l, &scalers))
		return false;
	for (; l->count; l->count--) {
		struct axdr value = l->values;

		if (!read_entry(&l->entries, &item, &b->budget) ||
		    !axdr_skip(&l->values, &b->budget))
			return false;
		if (is_scaler(&item) || !read_value(&value, &item))
			continue;
		item.layout = LAYOUT_PUSH_LIST;
		take_scaler(&scalers, &item);
		if (!dlms_add_field(b, &item))
			return false;
	}
	return true;
}

/**
 * dlms_read_body - the body of a notification as fields
 * @b: the reading that is made
 * @a: where the body begins; moved behind it
 *
 * Return: false when it is not valid, or says more than a telegram can.
 */
bool dlms_read_body(struct dlms_build *b, struct axdr *a)
{
	struct push_list list;

	if (find_push_list(b, *a, &list)) {
		b->in_push_list = true;
		if (!read_push_list(b, &list))
			return false;
		*a = list.values;
		return true;
	}
	b->r->list[0] = '\0';
	b->places = find_places(*a);
	return walk(b, a, 1, NULL, 0);
}
