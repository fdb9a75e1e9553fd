// SPDX-License-Identifier: MIT
/*
 * From the file into the ledger and the notes, once, at the start.
 */
#include "log.h"
#include "store_parts.h"

struct restore {
	sqlite3 *db;
	struct ledger *ledger;
	int rc;
};

/* The database of zones may have changed; the configuration sets the zone after this. */
static const struct zone *zone_of(const struct ledger_file_meter *m)
{
	const struct zone *z = zone_get(m->zone);

	if (z)
		return z;
	log_line(LEVEL_WARNING, "ledger", "%s: there is no time zone '%s' on this machine any more: "
		 "its days are those of UTC unless the configuration names another", m->name,
		 m->zone);
	return zone_get("UTC");
}

static void restore_meter(void *context, const struct ledger_file_meter *m)
{
	struct ledger_book found = {
		.id = m->id,
		.protocol = m->protocol,
		.zone = zone_of(m),
		.sends_total = m->sends_total,
	};
	struct restore *r = context;
	struct ledger_book *b;

	if (r->rc)
		return;
	r->rc = ledger_file_phases(r->db, m->id, &found.phases);
	if (r->rc)
		return;
	snprintf(found.name, sizeof(found.name), "%s", m->name);
	snprintf(found.number, sizeof(found.number), "%s", m->number);
	snprintf(found.source, sizeof(found.source), "%s", m->source);
	b = ledger_restore_book(r->ledger, &found);
	r->rc = b ? accounts_restore(r->db, b, m->id) : SQLITE_NOMEM;
}

/**
 * store_restore - put all meters and accounts of the file into the ledger, and its notes in place
 * @db: open
 * @l: has none yet
 * @notes: has none yet; NULL: nobody wants them
 *
 * Return: whether all could be read; sqlite3_errmsg() tells why not.
 */
bool store_restore(sqlite3 *db, struct ledger *l, struct notes *notes)
{
	struct restore r = { db, l, SQLITE_OK };
	int rc = ledger_file_meters(db, restore_meter, &r);

	if (!rc)
		rc = r.rc;
	if (!rc && notes)
		rc = notes_read(db, notes);
	return !rc;
}
