package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.trace.TraceEvent;

/**
 * When areas become one, and how one becomes two (Linux {@code mm/vma.c}).
 *
 * <p>Two neighbours may be one area if they touch, have the same flags and the same file, the
 * second continues the file (or the addresses) where the first ends, and their anonymous pages have
 * the same {@link AnonVma}, or only one of them has any.
 */
// Files and anon_vmas are compared as Linux compares pointers: is it the same one?
@SuppressWarnings("ReferenceEquality")
final class VmaMerge {
  /** What a range is that neighbours may take in. */
  enum Range {
    /** A new mapping. */
    FRESH,
    /** More of the heap ({@code just_expand}): only the area before it may take it in. */
    HEAP,
    /** More of the area before it ({@code vma_merge_extend}). */
    EXTENSION,
    /** The new place of pages that move ({@code copied_from}). */
    COPY,
    /** Part of an area that is to have other flags. */
    EXISTING
  }

  private final MmStruct mm;
  private final VmaTree tree;

  VmaMerge(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  // ---- Conditions ----

  private static boolean isMergeable(Vma area, int flags, @Nullable MappedFile file) {
    return ((area.flags ^ flags) & ~VmFlags.IGNORE_MERGE) == 0
        && area.file == file
        && (flags & VmFlags.SPECIAL) == 0;
  }

  /**
   * {@code is_mergeable_anon_vma}: the same, or only one has any. An area of a forked process stays
   * by itself then: whoever took over its chain would be in trees that it has nothing to do with.
   * Linux does not look at that where an area grows in place.
   */
  private boolean isMergeableAnonVma(Vma target, @Nullable Vma source, Range range) {
    AnonVma own = target.anonVma;
    AnonVma other = source == null ? null : source.anonVma;
    if (own == other) {
      return true;
    }
    if (own == null) {
      return mm.layout().mergesIntoUntouched()
          && (range == Range.EXTENSION || !isForkChild(source));
    }
    return other == null && !isForkChild(target);
  }

  /** Whether two areas that both agree with what comes between them agree with each other. */
  private static boolean areCompatible(Vma left, Vma right) {
    return left.anonVma == null || right.anonVma == null || left.anonVma == right.anonVma;
  }

  /** {@code vma_is_fork_child}. */
  private static boolean isForkChild(@Nullable Vma area) {
    return area != null && area.anonVma != null && area.anonVmaChain.size() > 1;
  }

  /** {@code can_merge_remove_vma}: whether an area may go because others take over its pages. */
  private static boolean mayVanish(@Nullable Vma area) {
    return area == null || area.file == null || !area.file.countsAreas();
  }

  /** {@code can_vma_merge_left}: whether {@code left} may be extended over what is described. */
  private boolean canMergeLeft(
      @Nullable Vma left,
      long start,
      int flags,
      @Nullable MappedFile file,
      long pageOffset,
      @Nullable Vma source,
      Range range) {
    return left != null
        && left.end == start
        && isMergeable(left, flags, file)
        && isMergeableAnonVma(left, source, range)
        && left.pageOffset + left.pages() == pageOffset;
  }

  /** {@code can_vma_merge_right}: whether {@code right} may be extended down over it. */
  private boolean canMergeRight(
      @Nullable Vma right,
      long end,
      int flags,
      @Nullable MappedFile file,
      long endPageOffset,
      @Nullable Vma source,
      Range range) {
    return right != null
        && right.start == end
        && isMergeable(right, flags, file)
        && isMergeableAnonVma(right, source, range)
        && right.pageOffset == endPageOffset;
  }

  // ---- Merging ----

  /**
   * {@code vma_merge_new_range}: extends a neighbour, or joins both, over a free range.
   *
   * @param above the area behind the range, null if there is none
   * @param source the area that the range becomes part of, or whose pages come to it; null for a
   *     fresh mapping and the heap
   * @return the area that now holds the range, or null if there is no such neighbour, or no memory
   *     for what connects it with the anonymous pages
   */
  @Nullable Vma mergeNewRange(
      @Nullable Vma above,
      long start,
      long end,
      int flags,
      @Nullable MappedFile file,
      long pageOffset,
      @Nullable Vma source,
      Range range) {
    Vma left = above == null ? tree.last() : above.previous;
    Vma right = range == Range.HEAP ? null : above;
    long endPageOffset = pageOffset + ((end - start) >>> Ram.PAGE_SHIFT);
    boolean mergeLeft;
    boolean mergeRight;
    if (source == null && mm.layout().mergesUpwardsFirst()) {
      mergeRight = canMergeRight(right, end, flags, file, endPageOffset, null, range);
      mergeLeft =
          canMergeLeft(left, start, flags, file, pageOffset, mergeRight ? right : null, range);
    } else {
      mergeLeft = canMergeLeft(left, start, flags, file, pageOffset, source, range);
      mergeRight =
          canMergeRight(right, end, flags, file, endPageOffset, source, range)
              && (!mergeLeft
                  || (left != null
                      && right != null
                      && areCompatible(left, right)
                      && mayVanish(right)));
    }
    if (mergeLeft && left != null) {
      long newEnd = end;
      if (!mm.areas.inherit(left, mergeRight ? right : null) || !mm.areas.inherit(left, source)) {
        return null;
      }
      int sticky = flags;
      if (mergeRight && right != null) {
        newEnd = right.end;
        sticky |= right.flags;
        mm.areas.discard(right);
      }
      mm.areas.setBounds(left, left.start, newEnd);
      left.flags |= flags & VmFlags.SOFTDIRTY;
      return merged(left, sticky);
    }
    if (mergeRight && right != null) {
      if (!mm.areas.inherit(right, source)) {
        return null;
      }
      mm.areas.setBounds(right, start, right.end);
      right.flags |= flags & VmFlags.SOFTDIRTY;
      return merged(right, flags);
    }
    return null;
  }

  /**
   * {@code vma_modify_flags}: gives [start, end), which lies in one area, new flags; merges it with
   * neighbours that have these flags already, or else splits it off.
   *
   * @return the area that now holds the range, or null if there would be too many areas, or there
   *     is no memory for one more; the area may be split then, and has its old flags
   */
  @Nullable Vma modifyFlags(Vma area, long start, long end, int flags) {
    Vma merged = mergeExistingRange(area, start, end, flags);
    if (merged != null) {
      return merged;
    }
    Vma middle = area;
    if (middle.start < start) {
      middle = split(middle, start);
      if (middle == null) {
        return null;
      }
    }
    if (middle.end > end && split(middle, end) == null) {
      return null;
    }
    middle.flags = flags;
    return middle;
  }

  /** {@code vma_merge_existing_range}. */
  private @Nullable Vma mergeExistingRange(Vma area, long start, long end, int flags) {
    boolean leftSide = area.start == start;
    boolean rightSide = area.end == end;
    if (leftSide && rightSide && !mayVanish(area)) {
      return null;
    }
    Vma left = area.previous;
    Vma right = area.next;
    long pageOffset = area.pageIndex(start);
    long endPageOffset = area.pageIndex(end);
    boolean mergeLeft =
        leftSide && canMergeLeft(left, start, flags, area.file, pageOffset, area, Range.EXISTING);
    boolean mergeRight =
        rightSide
            && canMergeRight(right, end, flags, area.file, endPageOffset, area, Range.EXISTING)
            && (!mergeLeft || (left != null && right != null && areCompatible(left, right)));
    if (mergeLeft && left != null) {
      long newEnd = end;
      if (!mm.areas.inherit(left, area) || !mm.areas.inherit(left, mergeRight ? right : null)) {
        return null;
      }
      int sticky = flags;
      if (mergeRight && right != null) {
        newEnd = right.end;
        sticky |= right.flags;
        mm.areas.discard(right);
      }
      if (rightSide) {
        mm.areas.discard(area);
      } else {
        mm.areas.setBounds(area, end, area.end);
      }
      mm.areas.setBounds(left, left.start, newEnd);
      return merged(left, sticky);
    }
    if (mergeRight && right != null) {
      if (!mm.areas.inherit(right, area)) {
        return null;
      }
      if (leftSide) {
        mm.areas.discard(area);
      } else {
        mm.areas.setBounds(area, area.start, start);
      }
      mm.areas.setBounds(right, start, right.end);
      return merged(right, flags);
    }
    return null;
  }

  /**
   * {@code VM_STICKY}: that there may be guards is known of the area that others became part of.
   */
  private Vma merged(Vma area, int flags) {
    area.flags |= flags & VmFlags.MAYBE_GUARD;
    if (mm.trace().isOn()) {
      mm.trace().emit(new TraceEvent.VmaMerge(area.start, area.end));
    }
    return area;
  }

  // ---- Splitting ----

  /**
   * {@code split_vma}: makes two areas of one.
   *
   * @param at where the second begins; inside the area, page-aligned
   * @return the second, or null if there would be too many areas, or there is no memory for it
   */
  @Nullable Vma split(Vma area, long at) {
    return tree.size() >= mm.maxMapCount() ? null : splitUnlimited(area, at);
  }

  /**
   * Why {@link #modifyFlags} did not give [start, end) its flags: -ENOMEM, or -EINVAL for a part of
   * a huge page.
   */
  long refusal(Vma area, long start, long end) {
    boolean mayBe = area.maySplit(start) && area.maySplit(end);
    return mayBe || tree.size() >= mm.maxMapCount() ? -Errno.ENOMEM : -Errno.EINVAL;
  }

  /** {@code __split_vma}: the same, without a look at the number of areas. */
  @Nullable Vma splitUnlimited(Vma area, long at) {
    if (!area.maySplit(at)) {
      return null;
    }
    Vma upper = mm.areas.newArea(at, area.end, area.flags, area.pageIndex(at));
    if (upper == null) {
      return null;
    }
    if (!mm.areas.inherit(upper, area)) {
      mm.areas.freeArea(upper);
      return null;
    }
    if (mm.trace().isOn()) {
      mm.trace().emit(new TraceEvent.VmaSplit(area.start, area.end, at));
    }
    mm.areas.setBounds(area, area.start, at);
    upper.file = area.file;
    upper.mapping = area.mapping;
    mm.areas.adopt(upper);
    return upper;
  }

  // ---- Anonymous pages ----

  /**
   * {@code anon_vma_prepare}: sees to it that the area has an {@link AnonVma}, its own or, so that
   * they can merge later, the one of a neighbour that differs in rights only.
   *
   * @return false if there is no memory for it
   */
  boolean prepareAnonVma(Vma area) {
    if (area.anonVma != null) {
      return true;
    }
    AnonVma reusable = reusable(area, area.next, area, area.next);
    if (reusable == null) {
      reusable = reusable(area, area.previous, area.previous, area);
    }
    return mm.memory().anonVmas().prepare(area, reusable);
  }

  /** {@code reusable_anon_vma}: the neighbour's, if {@code high} continues {@code low}. */
  private static @Nullable AnonVma reusable(
      Vma area, @Nullable Vma neighbour, @Nullable Vma low, @Nullable Vma high) {
    if (neighbour == null || low == null || high == null) {
      return null;
    }
    boolean compatible =
        low.end == high.start
            && low.file == high.file
            && ((low.flags ^ high.flags) & ~(VmFlags.ACCESS | VmFlags.IGNORE_MERGE)) == 0
            && high.pageOffset == low.pageOffset + low.pages();
    return compatible && area != neighbour && !isForkChild(neighbour) ? neighbour.anonVma : null;
  }
}
