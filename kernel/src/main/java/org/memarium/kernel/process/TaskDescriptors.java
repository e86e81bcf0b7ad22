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
 * takes them (Linux {@code kernel/fork.c}, {@code copy_process}). A thread shares some of them with
 * the task that made it. Its files, its working directory and its address space hold their own.
 */
public final class TaskDescriptors {
  /** {@code THREAD_SIZE_ORDER} on 32 bits: a stack of 8 KiB. */
  private static final int STACK_ORDER = 1;

  /** On 64 bits: 16 KiB. */
  private static final int WIDE_STACK_ORDER = 2;

  private static final int STACK_GFP = Gfp.GFP_KERNEL_ACCOUNT | Gfp.ZERO;

  private static final int TASK = 0;
  private static final int CRED = 1;
  private static final int SIGHAND = 2;
  private static final int SIGNAL = 3;

  private final SlabAllocator slab;
  private final KmemCache[] caches;
  private final @Nullable SharedObject[] objects;
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
    objects = new @Nullable SharedObject[caches.length];
  }

  /**
   * Takes all of it.
   *
   * @return null if there is no memory; nothing is taken then
   */
  public static @Nullable TaskDescriptors allocate(SlabAllocator slab) {
    return new TaskDescriptors(slab).take(null, false, false);
  }

  /**
   * {@code copy_process}: takes it for a task that this one's task makes.
   *
   * @param thread {@code CLONE_THREAD}: user and signals of the process are shared
   * @param sighand {@code CLONE_SIGHAND}: the actions are shared
   * @return null if there is no memory; nothing is taken then
   */
  @Nullable TaskDescriptors fork(boolean thread, boolean sighand) {
    return new TaskDescriptors(slab).take(this, thread, sighand);
  }

  private @Nullable TaskDescriptors take(
      @Nullable TaskDescriptors parent, boolean thread, boolean sighand) {
    for (int i = 0; i < caches.length; i++) {
      boolean shared =
          switch (i) {
            case CRED, SIGNAL -> thread;
            case SIGHAND -> sighand;
            default -> false;
          };
      SharedObject from = shared && parent != null ? parent.objects[i] : null;
      objects[i] = from == null ? SharedObject.allocate(caches[i]) : from.get();
      if (objects[i] == null || (i == TASK && !allocateStack())) {
        free();
        return null;
      }
    }
    return this;
  }

  /** {@code alloc_thread_stack_node}. */
  private boolean allocateStack() {
    stackPfn = slab.pages().allocPages(STACK_GFP, stackOrder());
    countStack(1);
    return stackPfn >= 0;
  }

  private void countStack(int change) {
    if (stackPfn >= 0) {
      slab.pages().groups().countStack(stackPfn, (long) change << stackOrder());
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
      SharedObject object = objects[i];
      if (object != null) {
        object.put();
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
    return renew(CRED);
  }

  /** {@code unshare_sighand}: the same for the actions of signals. */
  boolean renewSighand() {
    return renew(SIGHAND);
  }

  private boolean renew(int index) {
    SharedObject fresh = SharedObject.allocate(caches[index]);
    SharedObject old = objects[index];
    if (fresh == null || old == null) {
      return false;
    }
    old.put();
    objects[index] = fresh;
    return true;
  }

  /** Where the kernel's objects come from. */
  KernelCaches kernelCaches() {
    return slab.kernelCaches();
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
    for (SharedObject object : objects) {
      if (object != null) {
        object.audit(audit);
      }
    }
  }
}
