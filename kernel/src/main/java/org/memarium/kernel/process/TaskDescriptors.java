package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.slab.KernelCaches;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.trace.VmStatItem;

/**
 * What a task takes of kernel memory for itself: {@code task_struct}, its kernel stack, {@code
 * cred}, {@code sighand_struct}, {@code signal_struct} and {@code pid}, in the order in which fork
 * takes them (Linux {@code kernel/fork.c}, {@code copy_process}). Its files, its working directory
 * and its address space hold their own.
 */
public final class TaskDescriptors {
  /** {@code THREAD_SIZE_ORDER} on 32 bits: a stack of 8 KiB. */
  private static final int STACK_ORDER = 1;

  /** On 64 bits: 16 KiB. */
  private static final int WIDE_STACK_ORDER = 2;

  private static final int STACK_GFP = Gfp.GFP_KERNEL_ACCOUNT | Gfp.ZERO;

  private final SlabAllocator slab;
  private final KmemCache[] caches;
  private final long[] slots;
  private int stackPfn = -1;
  private boolean freed;

  private TaskDescriptors(SlabAllocator slab) {
    this.slab = slab;
    KernelCaches kernel = slab.kernelCaches();
    caches =
        new KmemCache[] {
          kernel.taskStruct(),
          kernel.credJar(),
          kernel.sighandCache(),
          kernel.signalCache(),
          kernel.pid()
        };
    slots = new long[caches.length];
  }

  /**
   * Takes all of it.
   *
   * @return null if there is no memory; nothing is taken then
   */
  public static @Nullable TaskDescriptors allocate(SlabAllocator slab) {
    TaskDescriptors made = new TaskDescriptors(slab);
    for (int i = 0; i < made.caches.length; i++) {
      made.slots[i] = made.caches[i].alloc(Gfp.GFP_KERNEL);
      if (made.slots[i] == 0 || (i == 0 && !made.allocateStack())) {
        made.free();
        return null;
      }
    }
    return made;
  }

  /** {@code alloc_thread_stack_node}. */
  private boolean allocateStack() {
    stackPfn = slab.pages().allocPages(STACK_GFP, stackOrder());
    countStack(1);
    return stackPfn >= 0;
  }

  private void countStack(int change) {
    if (stackPfn >= 0) {
      slab.pages()
          .vmStat()
          .add(VmStatItem.NR_KERNEL_STACK, (long) change * (Ram.PAGE_SIZE << stackOrder() >> 10));
    }
  }

  private int stackOrder() {
    boolean wide = slab.pages().architecture().pageOffset() >>> Integer.SIZE != 0;
    return wide ? WIDE_STACK_ORDER : STACK_ORDER;
  }

  /** {@code release_task}: gives all of it back. */
  public void free() {
    if (freed) {
      throw new IllegalStateException("a task is freed twice");
    }
    freed = true;
    for (int i = caches.length - 1; i >= 0; i--) {
      if (slots[i] != 0) {
        caches[i].free(slots[i]);
      }
    }
    if (stackPfn >= 0) {
      countStack(-1);
      PageAllocator pages = slab.pages();
      pages.freePages(stackPfn, stackOrder());
    }
  }

  /**
   * {@code prepare_creds} and {@code commit_creds}: a change of user or group takes a new {@code
   * cred} and gives the old one back.
   *
   * @return false if there is no memory, and nothing may change
   */
  boolean renewCred() {
    KmemCache credJar = caches[1];
    long fresh = credJar.alloc(Gfp.GFP_KERNEL);
    if (fresh == 0) {
      return false;
    }
    credJar.free(slots[1]);
    slots[1] = fresh;
    return true;
  }

  /** Where the signals that wait for the task come from. */
  KmemCache sigqueueCache() {
    return slab.kernelCaches().sigqueue();
  }

  /** Claims the stack, and tells of the objects. */
  void audit(Audit audit, String who) {
    if (freed) {
      return;
    }
    audit.claim(stackPfn, 1 << stackOrder(), "kernel stack of " + who, Audit.Use.KERNEL_STACK);
    audit.expectReference(stackPfn);
    for (KmemCache cache : caches) {
      audit.expectObjects(cache, 1);
    }
  }
}
