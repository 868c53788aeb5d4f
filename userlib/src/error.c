// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What is raised in a method: a code, a text, and a cause, in one encoded value.
 *
 * Behind the references of the cause, if it has any, stand a struct head, the text and its
 * NUL, and the bytes of the cause, or the eight of a number.
 */
#include "internal.h"

#define VERSION		1

/**
 * struct head - how an error begins
 * @version: VERSION
 * @type: of the cause: enum kshare_value_type
 * @codec: of the cause
 * @reserved: 0
 * @text_len: bytes of the text, its NUL included
 * @code: the code
 */
struct head {
	uint8_t version;
	uint8_t type;
	uint8_t codec;
	uint8_t reserved;
	uint32_t text_len;
	int64_t code;
};

/* Values that were read have bytes in themselves or elsewhere. */
static const void *bytes_of(const struct kshare_value *v, size_t *len)
{
	switch (v->type) {
	case KSHARE_BOOL:
	case KSHARE_INT:
	case KSHARE_UINT:
	case KSHARE_FLOAT:
		*len = sizeof(v->bytes);
		return v->bytes;
	case KSHARE_STR:
	case KSHARE_BYTES:
	case KSHARE_ENCODED:
		return kshare_value_data(v, len);
	default:
		*len = 0;
		return NULL;
	}
}

/* The caller frees @buf, which the value points into. */
int ks_error_encode(int64_t code, const char *text, const struct kshare_value *cause,
		    void **buf, struct kshare_value *value)
{
	struct head head = { .version = VERSION, .type = cause->type, .codec = cause->codec,
			     .code = code };
	uint32_t refs = cause->type == KSHARE_REF ? 1 : ks_value_ref_count(cause);
	size_t front = refs ? sizeof(refs) * ((size_t)refs + 1) : 0;
	size_t text_len, len;
	const void *bytes;
	unsigned char *to;

	if (cause->type > KSHARE_ENCODED)
		return -EDOM;
	text_len = strlen(text ? text : "") + 1;
	bytes = bytes_of(cause, &len);
	if (text_len > KSHARE_MAX_VALUE || len > KSHARE_MAX_VALUE)
		return -E2BIG;
	head.text_len = (uint32_t)text_len;
	to = alloc(front + sizeof(head) + text_len + len);
	if (!to)
		return -ENOMEM;
	*buf = to;
	if (cause->type == KSHARE_REF) {
		memcpy(to, &refs, sizeof(refs));
		memcpy(to + sizeof(refs), &cause->ref.handle, sizeof(cause->ref.handle));
	} else if (refs) {
		memcpy(to, (const void *)(uintptr_t)cause->ptr, front);
	}
	memcpy(to + front, &head, sizeof(head));
	memcpy(to + front + sizeof(head), text ? text : "", text_len);
	if (len)
		memcpy(to + front + sizeof(head) + text_len, bytes, len);
	*value = kshare_encoded(KSHARE_CODEC_ERROR, to, front + sizeof(head) + text_len + len);
	if (refs)
		value->flags = KSHARE_VF_REFS;
	return 0;
}

static int decode_cause(const struct kshare_value *v, const struct head *head,
			const unsigned char *bytes, size_t len, struct kshare_value *cause)
{
	*cause = kshare_none();
	switch (head->type) {
	case KSHARE_NONE:
		return 0;
	case KSHARE_BOOL:
	case KSHARE_INT:
	case KSHARE_UINT:
	case KSHARE_FLOAT:
		if (len != sizeof(cause->bytes))
			return -EDOM;
		cause->type = head->type;
		memcpy(cause->bytes, bytes, len);
		return 0;
	case KSHARE_STR:
	case KSHARE_BYTES:
	case KSHARE_ENCODED:
		*cause = kshare__data(head->type, head->codec, bytes, len);
		return 0;
	case KSHARE_REF:
		/* The handle is the reply's; who wants a proxy asks that. */
		if (ks_value_ref_count(v) != 1)
			return -EDOM;
		cause->type = KSHARE_REF;
		memcpy(&cause->ref.handle, (const char *)(uintptr_t)v->ptr + sizeof(uint32_t),
		       sizeof(cause->ref.handle));
		return 0;
	default:
		return -EDOM;
	}
}

int kshare_reply_error(const struct kshare_reply *reply, int64_t *code, const char **text,
		       struct kshare_value *cause)
{
	const struct kshare_value *v = kshare_reply_value(reply, 0);
	struct kshare_value found;
	const unsigned char *data;
	struct head head;
	size_t len;

	if (!v || v->type != KSHARE_ENCODED || v->codec != KSHARE_CODEC_ERROR)
		return -EDOM;
	data = kshare_value_data(v, &len);
	if (len < sizeof(head))
		return -EDOM;
	memcpy(&head, data, sizeof(head));
	data += sizeof(head);
	len -= sizeof(head);
	if (head.version != VERSION || !head.text_len || head.text_len > len ||
	    data[head.text_len - 1])
		return -EDOM;
	if (decode_cause(v, &head, data + head.text_len, len - head.text_len, &found))
		return -EDOM;
	if (code)
		*code = head.code;
	if (text)
		*text = (const char *)data;
	if (cause)
		*cause = found;
	return 0;
}
