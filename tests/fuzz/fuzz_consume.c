// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: what a dispatcher does with any bytes in its message ring, whatever the loads
 * are that it decides by. A wrong message must be counted and dropped, a good one answered with a
 * decision that is possible, and nothing else may be touched.
 *
 * Input: a struct setup, then records: one byte of orders (enum order), one byte of size, and as
 * many bytes of message. See `make fuzz` in tests/unit/module.mk.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a dispatcher trusts, because it is its own: brought within bounds below. */
struct setup {
	uint8_t domain;
	uint8_t nr_candidates;
	uint16_t slice_min_us;
	uint32_t slice_us;
	uint32_t fresh_us;
	uint32_t awake_cap_us;
	uint64_t now_ns;
	uint64_t tail;
	uint16_t waiting; /* decisions that BPF has not taken yet */
	struct ccx_load own;
	struct {
		struct ccx_load load;
		uint32_t distance;
		uint16_t sent;
		uint8_t known;
	} candidates[CCX_CANDIDATES];
} __attribute__((packed));

enum order {
	ORDER_MAKE_VALID = 1 << 0, /* else the bytes stay as they are */
	ORDER_WHOLE_SIZE = 1 << 1, /* of a message, whatever the byte of size says */
	ORDER_NEW_BATCH = 1 << 2,
	ORDER_APPLY = 1 << 3, /* BPF takes what is there */
};

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static struct ccx_dispatcher dispatcher;
static struct ccx_state *state;

static void prepare(const struct setup *setup, struct ccx_load *loads)
{
	struct ccx_decision_ring *ring = dispatcher.ring;
	uint32_t i;

	if (!state) {
		state = aligned_alloc(CCX_CACHE_LINE, sizeof(*state));
		ring = aligned_alloc(CCX_CACHE_LINE, sizeof(*ring));
		CHECK(state && ring);
		memset(state, 0, sizeof(*state));
		memset(ring, 0, sizeof(*ring));
	}
	memset(&dispatcher, 0, sizeof(dispatcher));
	dispatcher.state = state;
	dispatcher.ring = ring;
	dispatcher.domain = setup->domain % CCX_MAX_DOMAINS;
	dispatcher.policy.slice_us = 100 + setup->slice_us % 400000;
	dispatcher.policy.slice_min_us = 100 + setup->slice_min_us % 2000;
	if (dispatcher.policy.slice_min_us > dispatcher.policy.slice_us)
		dispatcher.policy.slice_min_us = dispatcher.policy.slice_us;
	dispatcher.policy.fresh_us = setup->fresh_us;
	dispatcher.policy.awake_cap_ns = setup->awake_cap_us * 1000ULL;
	dispatcher.now_ns = setup->now_ns;
	dispatcher.tail = setup->tail;
	dispatcher.head = setup->tail - setup->waiting % (CCX_DECISIONS - CCX_DECISION_MARGIN + 1);
	state->domains[dispatcher.domain].decision_head = dispatcher.head;
	dispatcher.own = setup->own;
	dispatcher.own.capacity += !dispatcher.own.capacity;
	dispatcher.nr_candidates = setup->nr_candidates % (CCX_CANDIDATES + 1);
	for (i = 0; i < dispatcher.nr_candidates; i++) {
		memcpy(&loads[i], &setup->candidates[i].load, sizeof(loads[i]));
		loads[i].capacity += !loads[i].capacity;
		dispatcher.candidates[i] = (struct ccx_candidate){
			.load = setup->candidates[i].known & 1 ? &loads[i] : NULL,
			.domain = (dispatcher.domain + 1 + i) % CCX_MAX_DOMAINS,
			.distance = setup->candidates[i].distance,
			.sent = setup->candidates[i].sent,
		};
	}
}

static void make_valid(struct ccx_message *message)
{
	message->pid = (message->pid & INT32_MAX) | 1;
	message->weight = 1 + message->weight % 10000;
	message->domain = dispatcher.domain;
	message->domains |= 1ULL << dispatcher.domain;
}

static int possible(const struct ccx_message *message)
{
	return message->pid && message->pid <= INT32_MAX && message->weight >= 1 &&
	       message->weight <= 10000 && message->domain == dispatcher.domain;
}

static void check_decision(const struct ccx_message *message, const struct ccx_decision *decision)
{
	uint32_t i;
	int known = decision->domain == dispatcher.domain;

	CHECK(decision->pid == message->pid && decision->generation == message->generation);
	CHECK(decision->kind < CCX_NR_READY);
	CHECK(decision->slice_ns >= dispatcher.policy.slice_min_us * 1000);
	CHECK(decision->slice_ns <= dispatcher.policy.slice_us * 1000);
	CHECK(decision->fresh_us <= dispatcher.policy.fresh_us);
	for (i = 0; i < dispatcher.nr_candidates; i++)
		known |= dispatcher.candidates[i].domain == decision->domain &&
			 dispatcher.candidates[i].load &&
			 (message->domains & 1ULL << decision->domain);
	CHECK(known);
}

static void consume(const uint8_t *bytes, size_t size, uint8_t orders)
{
	const struct ccx_dispatcher_figures before = dispatcher.figures, *now = &dispatcher.figures;
	uint64_t tail = dispatcher.tail;
	struct ccx_message message;
	uint8_t *record = malloc(size + !size); /* reading beyond it is seen */
	int ret, good;

	CHECK(record);
	memcpy(record, bytes, size);
	if (size == sizeof(message)) {
		memcpy(&message, record, sizeof(message));
		if (orders & ORDER_MAKE_VALID)
			make_valid(&message);
		memcpy(record, &message, sizeof(message));
	}
	good = size == sizeof(message) && possible(&message);
	ret = ccx_dispatcher_consume(&dispatcher, record, size);
	free(record);

	CHECK(!ret || ret == -EAGAIN);
	CHECK(now->messages == before.messages + 1);
	CHECK(now->bad_messages == before.bad_messages + !good);
	CHECK(dispatcher.tail - dispatcher.head <= CCX_DECISIONS - CCX_DECISION_MARGIN);
	if (dispatcher.tail == tail) {
		CHECK(!good || now->ring_full == before.ring_full + 1);
		return;
	}
	CHECK(good && dispatcher.tail == tail + 1 && now->decisions == before.decisions + 1);
	check_decision(&message, &dispatcher.ring->slots[tail % CCX_DECISIONS]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ccx_load loads[CCX_CANDIDATES];
	struct setup setup;
	size_t length, left;

	if (size < sizeof(setup))
		return 0;
	memcpy(&setup, data, sizeof(setup));
	data += sizeof(setup);
	left = size - sizeof(setup);
	prepare(&setup, loads);
	while (left >= 2) {
		uint8_t orders = data[0];

		length = orders & ORDER_WHOLE_SIZE ? sizeof(struct ccx_message) : data[1];
		data += 2;
		left -= 2;
		if (length > left)
			length = left;
		if (orders & ORDER_NEW_BATCH)
			dispatcher.batch = 0;
		if (orders & ORDER_APPLY)
			state->domains[dispatcher.domain].decision_head = dispatcher.tail;
		consume(data, length, orders);
		data += length;
		left -= length;
	}
	return 0;
}
