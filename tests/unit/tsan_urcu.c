// SPDX-License-Identifier: GPL-2.0-only
/*
 * What liburcu promises, in ThreadSanitizer's terms.
 *
 * liburcu is a library that is not instrumented, and up to 0.14 its barriers are assembly: the
 * sanitizer sees the accesses on both sides of a call, and no order between them. So the linker
 * puts these functions around liburcu's (--wrap, see module.mk). Each calls the real one and adds
 * exactly the order that its documentation gives, so the code under test is compiled as it is,
 * nothing is suppressed, and a missing or misplaced call still is a race that is reported:
 *
 * | before                                        | happens before                              |
 * | --------------------------------------------- | ------------------------------------------- |
 * | rcu_assign_pointer(p, v)                      | what follows an rcu_dereference that gave v |
 * | a reader's quiescent state, or going offline  | the end of a synchronize_rcu                |
 *
 * The second is coarser than the truth: a grace period also counts for quiescent states that came
 * before it began. The values that test_load_table_stress.c checks do not depend on it.
 */
#include <sanitizer/tsan_interface.h>

void *__real_rcu_set_pointer_sym(void **pointer, void *value);
void *__wrap_rcu_set_pointer_sym(void **pointer, void *value);
void *__real_rcu_dereference_sym(void *value);
void *__wrap_rcu_dereference_sym(void *value);
void __real_urcu_qsbr_synchronize_rcu(void);
void __wrap_urcu_qsbr_synchronize_rcu(void);
void __real_urcu_qsbr_quiescent_state(void);
void __wrap_urcu_qsbr_quiescent_state(void);
void __real_urcu_qsbr_thread_offline(void);
void __wrap_urcu_qsbr_thread_offline(void);
void __real_urcu_qsbr_unregister_thread(void);
void __wrap_urcu_qsbr_unregister_thread(void);

static char quiescence; /* its address names the order, its value is not used */

void *__wrap_rcu_set_pointer_sym(void **pointer, void *value)
{
	__tsan_release(value);
	return __real_rcu_set_pointer_sym(pointer, value);
}

void *__wrap_rcu_dereference_sym(void *value)
{
	value = __real_rcu_dereference_sym(value);
	if (value)
		__tsan_acquire(value);
	return value;
}

void __wrap_urcu_qsbr_synchronize_rcu(void)
{
	__real_urcu_qsbr_synchronize_rcu();
	__tsan_acquire(&quiescence);
}

void __wrap_urcu_qsbr_quiescent_state(void)
{
	__tsan_release(&quiescence);
	__real_urcu_qsbr_quiescent_state();
}

void __wrap_urcu_qsbr_thread_offline(void)
{
	__tsan_release(&quiescence);
	__real_urcu_qsbr_thread_offline();
}

void __wrap_urcu_qsbr_unregister_thread(void)
{
	__tsan_release(&quiescence);
	__real_urcu_qsbr_unregister_thread();
}
