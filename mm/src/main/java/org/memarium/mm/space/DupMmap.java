package org.memarium.mm.space;

/**
 * {@code dup_mmap}: the areas and pages of a forked process (Linux {@code kernel/fork.c}, {@code
 * mm/memory.c}).
 *
 * <pre>
 *   area                              in the child      its pages
 *   VM_DONTCOPY                       -                 -
 *   VM_WIPEONFORK                     the same          none: they read as zero
 *   of a file, no anonymous page yet  the same          none: they fault in from the page cache
 *   all others                        the same          mapped in both, private ones read-only
 * </pre>
 *
 * <p>Locks on pages are not inherited.
 */
final class DupMmap {
  private final MmStruct parent;
  private final MmStruct child;

  DupMmap(MmStruct parent, MmStruct child) {
    this.parent = parent;
    this.child = child;
  }

  /**
   * Copies the areas of the parent into the child, which has none.
   *
   * @return false if there is no memory for all of it; what was copied until then stays, for {@link
   *     MmStruct#exit}
   */
  boolean run() {
    boolean copied = true;
    for (Vma area = parent.firstArea(); area != null && copied; area = area.next) {
      if (area.has(VmFlags.DONTCOPY)) {
        child.accounting.add(area.flags, -area.pages());
      } else {
        copied = copy(area);
      }
    }
    child.accounting.resetHiwater();
    parent.pages.tlb().flushAll();
    return copied;
  }

  private boolean copy(Vma area) {
    long charged = area.has(VmFlags.ACCOUNT) ? area.pages() : 0;
    CommittedMemory committed = parent.memory().committedMemory();
    if (!committed.isEnoughFor(parent, charged)) {
      return false;
    }
    int flags = area.flags & ~(VmFlags.LOCKED | VmFlags.LOCKONFAULT);
    Vma twin = child.areas.newArea(area.start, area.end, flags, area.pageOffset);
    if (twin == null) {
      return false;
    }
    boolean wiped = area.has(VmFlags.WIPEONFORK);
    if (!wiped && !parent.memory().anonVmas().fork(twin, area)) {
      child.areas.freeArea(twin);
      return false;
    }
    twin.file = area.file;
    twin.mapping = area.mapping;
    committed.commit(charged);
    child.areas.adopt(twin);
    return wiped
        || !needsCopy(area)
        || parent.memory().copyPageRange.copy(parent.pages, child.pages, area);
  }

  /**
   * {@code vma_needs_copy}: whether there may be pages that no fault would bring back. Where Linux
   * has VM_MIXEDMAP, areas here have VM_PFNMAP.
   */
  private static boolean needsCopy(Vma area) {
    return area.anonVma != null || area.has(VmFlags.PFNMAP) || area.has(VmFlags.MAYBE_GUARD);
  }
}
