/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies of the messages in tbl/messages.tbl that are not JSON.  Fixed size, no pointers, both sides
 * check lengths.  Names are NUL-padded and must pass batch_id_is_good.
 */
#ifndef NZ_ROLE_MSG_H
#define NZ_ROLE_MSG_H

#include "batch/batch.h"

enum msg_type {
#define MSG(id, number, from, to, body) MSG_##id = number,
#include "tbl/messages.tbl"
#undef MSG
};

struct msg_peer {
	uint32_t role;     /* enum role_id */
	uint32_t index;    /* which copy */
};

struct msg_batch {
	struct batch_key key;
	int64_t received_ns;  /* SOC's clock when the body was whole */
	uint8_t prev[32];     /* from the header: hash of the batch before */
	uint8_t hash[32];     /* of the wire form, computed by ingest */
	uint32_t lines, bytes, gaps, wire_len;
	uint32_t devices;     /* with PUT: struct msg_device behind the wire form; with FEED 0 */
	uint32_t reserved;
};

/* Lines of one device in a batch, for the manifests: so the archive need not look into batches. */
struct msg_device {
	char id[48];          /* NUL-padded; a longer name is cut */
	uint32_t lines, bytes;
};

enum receipt_status { RECEIPT_STORED, RECEIPT_REPLAY, RECEIPT_CHAIN_BROKEN, RECEIPT_GAP, RECEIPT_FULL, RECEIPT_FORGED };

struct msg_receipt {
	struct batch_key key;
	uint32_t status;      /* enum receipt_status */
	uint32_t receipt_len;
	uint64_t want_seq;    /* with RECEIPT_GAP: the number the archive waits for */
};

struct msg_feed_from {
	uint32_t engine, engines; /* this engine takes tenants with hash % engines == engine */
	uint32_t count, reserved;
};

struct msg_block {
	struct batch_key key;
	uint32_t rows, reserved;
};

/* MAIL: the bytes behind the JSON are those of its files, in their order. */
struct msg_mail {
	uint32_t json, reserved; /* bytes of the JSON */
};

struct msg_print {
	uint32_t lang;        /* enum report_lang: 0 Japanese, 1 English */
	uint32_t reserved;
};

/* FILES: size of each in the order asked; MSG_FILE_NONE: not there, or not to be sent. */
#define MSG_FILES_MAX 10
#define MSG_FILE_NONE UINT32_MAX
struct msg_files {
	uint32_t size[MSG_FILES_MAX];
};

enum printed_status { PRINTED_DONE, PRINTED_BAD, PRINTED_BUSY, PRINTED_FAILED };

struct msg_printed {
	uint32_t status;      /* enum printed_status; with PRINTED_DONE the PDF follows */
	uint32_t reserved;
};

#endif
