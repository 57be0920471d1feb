/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Custody: between the message that tells a dispatcher of a task and the decision that places it.
 *
 *	enqueue: generation + 1, insert into custody(domain), message   -> in custody
 *	apply:   generation matches: move to ready(target, kind)        -> decided
 *	running: a CPU took the task from custody(domain) by itself     -> overtaken, or rescued
 *	quiescent: it was dequeued (affinity, priority or class changed) -> out
 *
 * A decision whose generation is not the current one is stale and changes nothing.
 */
#ifndef CCX_BPF_CUSTODY_H
#define CCX_BPF_CUSTODY_H

#include "classify.h"
#include "placement.h"

#define IN_CUSTODY		1ULL
#define CUSTODY_DOMAIN_SHIFT	40
#define FRESH_LIMIT_US		(1000 * 1000)	/* a longer wish is cut */

/* What names one stay in custody: its domain and generation. */
static __always_inline u64 custody_mark(u32 domain, u32 generation)
{
	return (u64)domain << CUSTODY_DOMAIN_SHIFT | (u64)generation << 1 | IN_CUSTODY;
}

static __always_inline void custody_count(u64 mark, s32 n)
{
	__sync_fetch_and_add(&domain_state(mark >> CUSTODY_DOMAIN_SHIFT)->custody, n);
}

/* Ends the stay that `mark` names. True for the one caller that ended it. */
static __always_inline bool custody_leave(struct task_ctx *tctx, u64 mark)
{
	if (!(mark & IN_CUSTODY) || __sync_val_compare_and_swap(&tctx->custody, mark, 0) != mark)
		return false;
	custody_count(mark, -1);
	return true;
}

static __always_inline u64 clamp_slice(u64 slice_ns)
{
	if (slice_ns < ccx_config.slice_min_ns)
		return ccx_config.slice_min_ns;
	if (slice_ns > ccx_config.slice_max_ns)
		return ccx_config.slice_max_ns;
	return slice_ns;
}

static __always_inline u16 moved_ago_ms(struct task_ctx *tctx, u64 now)
{
	u64 ago_ms = (now - tctx->moved_ns) / (1000 * 1000);

	return tctx->moved_ns && ago_ms < 0xffff ? ago_ms : 0xffff;
}

/* Sends the message for a task that is about to be inserted into custody. False: ring full. */
static __always_inline bool custody_send(struct task_struct *p, struct task_ctx *tctx, u64 now,
					 bool wakeup)
{
	u32 domain = tctx->domain;
	struct ccx_decision_ring *ring;
	struct ccx_message *message;
	void *messages;
	u64 mark;

	messages = bpf_map_lookup_elem(&ccx_messages, &domain);
	if (!messages)
		return false;
	message = bpf_ringbuf_reserve(messages, sizeof(*message), 0);
	if (!message)
		return false;

	message->pid = p->pid;
	message->generation = ++tctx->generation;
	message->sent_ns = bpf_ktime_get_ns();
	/* which die it runs on is not a dispatcher's to decide where a rule says so */
	message->domains = tctx->prefer && tctx->die_ruled ? 1ULL << (domain & 63) : tctx->domains;
	if (heavy(tctx))
		message->domains &= ~ccx_machine.low_power_domains;
	message->vtime_ns = tctx->vtime - domain_state(domain)->vtime_now;
	message->awake_us = tctx->awake_ns / 1000;
	message->burst_us = tctx->burst_ns / 1000;
	message->weight = tctx->weight;
	message->tgid = p->tgid;
	message->flags = task_flags(p, tctx) | (wakeup ? CCX_TASK_WAKEUP : 0);
	message->cpu = scx_bpf_task_cpu(p);
	message->domain = domain;
	message->moved_ago_ms = moved_ago_ms(tctx, now);
	message->ran_ago_us = tctx->stopped_ns ? (now - tctx->stopped_ns) / 1000 : ~0U;
	message->sleep_us = tctx->sleep_ns / 1000;

	/*
	 * The exchange is a full barrier: the reservation above is visible before `asleep` is read.
	 * Pairs with the dispatcher's fence between `asleep` and its last look at the ring: one of
	 * the two sees the other.
	 */
	mark = custody_mark(domain, tctx->generation);
	custody_count(mark, 1);
	mark = __sync_lock_test_and_set(&tctx->custody, mark);
	if (mark & IN_CUSTODY)
		custody_count(mark, -1);

	/*
	 * `asleep` covers the moment before the dispatcher really blocks; `blocked` is BPF's own
	 * knowledge, whatever user space writes.
	 */
	ring = bpf_map_lookup_elem(&ccx_decisions, &domain);
	bpf_ringbuf_submit(message, (ring && ring->asleep) || domain_state(domain)->blocked ?
					    BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline bool messages_wait(u32 domain)
{
	void *messages = bpf_map_lookup_elem(&ccx_messages, &domain);

	return messages && bpf_ringbuf_query(messages, BPF_RB_AVAIL_DATA) > 0;
}

/* Applies one decision. `it` iterates over custody(domain) and was made after the claim. */
static __always_inline void apply_one(struct bpf_iter_scx_dsq *it, u32 domain,
				      struct ccx_decision *decision, u64 now)
{
	struct task_struct *p;
	struct task_ctx *tctx;
	u64 mark = custody_mark(domain, decision->generation);
	u64 deadline;
	u32 ready;

	if (decision->domain >= ccx_machine.nr_domains || decision->kind >= CCX_NR_READY ||
	    decision->deadline_ns > ccx_config.awake_cap_ns) {
		count(CCX_REJECTED, 1);
		return;
	}
	p = bpf_task_from_pid(decision->pid);
	if (!p) {
		count(CCX_STALE, 1);
		return;
	}
	tctx = task_ctx_get(p);
	if (!tctx || tctx->custody != mark) {
		count(CCX_STALE, 1);
		goto out;
	}
	if (!(tctx->domains & 1ULL << (decision->domain & 63))) {
		count(CCX_REJECTED, 1);
		goto out;
	}
	deadline = tctx->vtime + decision->deadline_ns;
	if (decision->domain != tctx->domain)
		deadline += clock_change(tctx, tctx->domain, decision->domain);

	ready = ready_enter(tctx, decision->domain, decision->kind);
	if (!ccx_dsq_move_vtime(it, p, queue_ready(decision->domain, decision->kind,
						   open_half(decision->domain)),
				clamp_slice(decision->slice_ns),
				queue_key(decision->domain, deadline, tctx->awake_ns))) {
		ready_undo(tctx, ready);
		count(CCX_STALE, 1);
		goto out;
	}
	/* the task may already run, or be in custody again: only what this is about is cleared */
	custody_leave(tctx, mark);
	tctx->slice_ns = clamp_slice(decision->slice_ns);
	tctx->kind = decision->kind;
	tctx->fresh_until_ns = now + 1000ULL * (decision->fresh_us < FRESH_LIMIT_US ?
							decision->fresh_us : FRESH_LIMIT_US);
	count(CCX_DECISIONS_APPLIED, 1);
	domain_state(domain)->custody_since_ns = now;
	if (decision->domain != domain)
		wake_idle_for(p, tctx, decision->domain);
out:
	bpf_task_release(p);
}

/* Applies the decisions that wait in the domain's ring, at most CCX_APPLY_BATCH. Verified by itself (allowed.h). */
__noinline u32 ccx_apply_decisions(u32 domain, u64 now)
{
	struct ccx_domain_state *state = domain_state(domain);
	struct ccx_decision_ring *ring = bpf_map_lookup_elem(&ccx_decisions, &domain);
	struct bpf_iter_scx_dsq it;
	struct ccx_decision decision;
	u64 head, tail, nr, i;

	if (!ring)
		return 0;
	head = state->decision_head;
	tail = *(volatile u64 *)&ring->tail;
	nr = tail - head;
	if (!nr)
		return 0;
	if (nr > CCX_DECISIONS) {
		/* impossible: skip to where user space says it is */
		count(CCX_REJECTED, 1);
		__sync_val_compare_and_swap(&state->decision_head, head, tail);
		return 0;
	}
	if (nr > CCX_APPLY_BATCH)
		nr = CCX_APPLY_BATCH;
	if (__sync_val_compare_and_swap(&state->decision_head, head, head + nr) != head)
		return 0;	/* another CPU of the domain applies them */

	/* what is in the closed half since the epoch changed stays there, and has its turn (pick.h) */
	if (bpf_iter_scx_dsq_new(&it, queue_custody(domain, open_half(domain)), 0) == 0) {
		bpf_for(i, 0, nr) {
			/* a private copy: user space may scribble while it is checked */
			decision = ring->slots[(head + i) & (CCX_DECISIONS - 1)];
			apply_one(&it, domain, &decision, now);
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return nr;
}

#endif
