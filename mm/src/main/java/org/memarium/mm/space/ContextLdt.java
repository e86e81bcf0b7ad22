package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.PageAllocator;

/** {@code context.ldt} of an address space: the table that holds now, if there is one. */
public final class ContextLdt {
  private final PageAllocator allocator;
  private @Nullable LocalDescriptorTable current;

  ContextLdt(PageAllocator allocator) {
    this.allocator = allocator;
  }

  /** The segments that the program made; null: none yet. */
  public @Nullable LocalDescriptorTable current() {
    return current;
  }

  /**
   * {@code write_ldt}: sets an entry. Who runs in the address space has to load LDTR anew.
   *
   * @param raw the eight bytes of the descriptor
   * @return false if there is no memory for it
   */
  public boolean setEntry(int entry, long raw) {
    LocalDescriptorTable old = current;
    LocalDescriptorTable fresh = LocalDescriptorTable.copy(allocator, old, entry + 1);
    if (fresh == null) {
      return false;
    }
    fresh.table().setRaw(entry, raw);
    current = fresh;
    if (old != null) {
      old.free();
    }
    return true;
  }

  /** {@code ldt_dup_context}: false if there is no memory for it. */
  boolean copyFrom(ContextLdt parent) {
    LocalDescriptorTable parents = parent.current;
    if (parents != null) {
      current = LocalDescriptorTable.copy(allocator, parents, 0);
    }
    return parents == null || current != null;
  }

  /** {@code destroy_context}. */
  void free() {
    if (current != null) {
      current.free();
    }
  }
}
