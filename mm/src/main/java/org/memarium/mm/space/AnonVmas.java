package org.memarium.mm.space;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/**
 * All {@link AnonVma}s of a machine, by number, and how areas come to them and leave them (Linux
 * {@code mm/rmap.c}).
 */
@SuppressWarnings("ReferenceEquality") // the same anon_vma, not one like it
public final class AnonVmas {
  /** By number; number 0 is none. */
  private final List<@Nullable AnonVma> byNumber = new ArrayList<>();

  /** Numbers that are free again; the latest is taken first. */
  private final List<Integer> freeNumbers = new ArrayList<>();

  private final KmemCache anonVmaCache;
  private final KmemCache chainCache;

  /**
   * None yet.
   *
   * @param anonVmaCache {@code anon_vma_cachep}
   * @param chainCache {@code anon_vma_chain_cachep}
   */
  AnonVmas(KmemCache anonVmaCache, KmemCache chainCache) {
    this.anonVmaCache = anonVmaCache;
    this.chainCache = chainCache;
    byNumber.add(null);
  }

  /** {@code folio_anon_vma}: the one with a number, or null if it is gone. */
  public @Nullable AnonVma get(int number) {
    return number < byNumber.size() ? byNumber.get(number) : null;
  }

  /** {@code anon_vma_alloc}: null if there is no memory. */
  private @Nullable AnonVma allocate(@Nullable AnonVma parent) {
    long slot = anonVmaCache.alloc(Gfp.GFP_KERNEL);
    if (slot == 0) {
      return null;
    }
    int number = freeNumbers.isEmpty() ? byNumber.size() : freeNumbers.removeLast();
    AnonVma fresh = new AnonVma(number, parent, slot);
    if (number == byNumber.size()) {
      byNumber.add(fresh);
    } else {
      byNumber.set(number, fresh);
    }
    return fresh;
  }

  private void free(AnonVma anonVma) {
    byNumber.set(anonVma.number(), null);
    freeNumbers.add(anonVma.number());
    anonVmaCache.free(anonVma.slot);
  }

  // ---- Areas come and go ----

  /**
   * {@code __anon_vma_prepare}: gives an area that has no anon_vma its own.
   *
   * @param reusable the one of a neighbour that it may share, or null
   * @return false if there is no memory for it
   */
  boolean prepare(Vma area, @Nullable AnonVma reusable) {
    long chainSlot = chainCache.alloc(Gfp.GFP_KERNEL);
    if (chainSlot == 0) {
      return false;
    }
    AnonVma anonVma = reusable == null ? allocate(null) : reusable;
    if (anonVma == null) {
      chainCache.free(chainSlot);
      return false;
    }
    area.anonVma = anonVma;
    link(area, anonVma, chainSlot);
    anonVma.activeAreas++;
    return true;
  }

  /** {@code anon_vma_chain_link}. */
  private static void link(Vma area, AnonVma anonVma, long chainSlot) {
    AnonVmaChain chain = new AnonVmaChain(area, anonVma, chainSlot);
    area.anonVmaChain.add(chain);
    insert(area, chain);
  }

  private static void insert(Vma area, AnonVmaChain chain) {
    chain.anonVma.areas.insert(chain, area.pageOffset, area.lastPageIndex());
  }

  /**
   * {@code anon_vma_clone}: enters an area into all trees that another is in.
   *
   * <p>An area without an anon_vma of its own, as of a fresh fork, takes one from the chain that no
   * area owns any more and that has at most one child, so that a process that forks again and again
   * and ends does not leave a longer and longer chain.
   *
   * @return false if there is no memory for all of it; the area is in no tree then
   */
  boolean clone(Vma to, Vma from) {
    for (AnonVmaChain chain : from.anonVmaChain) {
      AnonVma anonVma = chain.anonVma;
      long chainSlot = chainCache.alloc(Gfp.GFP_KERNEL);
      if (chainSlot == 0) {
        to.anonVma = null;
        unlink(to);
        return false;
      }
      link(to, anonVma, chainSlot);
      if (to.anonVma == null
          && from.anonVma != null
          && anonVma.children < 2
          && anonVma.activeAreas == 0) {
        to.anonVma = anonVma;
      }
    }
    if (to.anonVma != null) {
      to.anonVma.activeAreas++;
    }
    return true;
  }

  /**
   * {@code anon_vma_fork}: an area of a forked process, copied from its parent's, enters the trees
   * of the parent's and gets an anon_vma for its own pages.
   *
   * @return false if there is no memory for all of it; the child's area is in no tree then
   */
  boolean fork(Vma child, Vma parent) {
    AnonVma of = parent.anonVma;
    if (of == null) {
      return true;
    }
    child.anonVma = null;
    if (!clone(child, parent)) {
      return false;
    }
    if (child.anonVma != null) {
      return true;
    }
    long chainSlot = chainCache.alloc(Gfp.GFP_KERNEL);
    AnonVma fresh = chainSlot == 0 ? null : allocate(of);
    if (fresh == null) {
      if (chainSlot != 0) {
        chainCache.free(chainSlot);
      }
      unlink(child);
      return false;
    }
    fresh.activeAreas++;
    child.anonVma = fresh;
    link(child, fresh, chainSlot);
    return true;
  }

  /** {@code unlink_anon_vmas}: an area leaves all trees; those that are empty then go. */
  void unlink(Vma area) {
    for (AnonVmaChain chain : area.anonVmaChain) {
      AnonVma anonVma = chain.anonVma;
      anonVma.areas.remove(chain);
      if (anonVma.areas.isEmpty()) {
        anonVma.parent.children--;
      }
    }
    if (area.anonVma != null) {
      area.anonVma.activeAreas--;
      area.anonVma = null;
    }
    for (AnonVmaChain chain : area.anonVmaChain) {
      AnonVma anonVma = chain.anonVma;
      if (anonVma.areas.isEmpty()) {
        if (anonVma.activeAreas != 0 || anonVma.children != 0) {
          throw new IllegalStateException(
              "%s goes with %d areas and %d children"
                  .formatted(anonVma, anonVma.activeAreas, anonVma.children));
        }
        free(anonVma);
      }
      chainCache.free(chain.slot);
    }
    area.anonVmaChain.clear();
  }

  /** {@code anon_vma_interval_tree_pre_update_vma}: before an area's bounds change. */
  void beforeBoundsChange(Vma area) {
    for (AnonVmaChain chain : area.anonVmaChain) {
      chain.anonVma.areas.remove(chain);
    }
  }

  /** {@code anon_vma_interval_tree_post_update_vma}: after that. */
  void afterBoundsChange(Vma area) {
    for (AnonVmaChain chain : area.anonVmaChain) {
      insert(area, chain);
    }
  }

  // ---- Audit ----

  /** What the areas say of the trees they are in; {@link #audit} compares. */
  static final class Recount {
    private final int[] areas;
    private final int[] activeAreas;

    private Recount(int numbers) {
      areas = new int[numbers];
      activeAreas = new int[numbers];
    }

    /**
     * Counts an area, and checks that each of its chains has its bounds and its own is among them.
     */
    void count(Audit audit, Vma area) {
      boolean own = area.anonVma == null;
      for (AnonVmaChain chain : area.anonVmaChain) {
        areas[chain.anonVma.number()]++;
        own |= chain.anonVma == area.anonVma;
        if (!chain.isInTree()
            || chain.area() != area
            || chain.first() != area.pageOffset
            || chain.last() != area.lastPageIndex()) {
          audit.difference("%s knows other bounds of area %s".formatted(chain.anonVma, area));
        }
      }
      if (!own) {
        audit.difference("area %s is not in the tree of its %s".formatted(area, area.anonVma));
      }
      if (area.anonVma != null) {
        activeAreas[area.anonVma.number()]++;
      }
    }
  }

  Recount beginRecount() {
    return new Recount(byNumber.size());
  }

  /** Compares the trees with what the areas said. */
  void audit(Audit audit, Recount recount) {
    int[] children = new int[byNumber.size()];
    long anonVmaCount = 0;
    long chains = 0;
    for (AnonVma anonVma : byNumber) {
      if (anonVma != null) {
        children[anonVma.parent.number()]++;
        anonVmaCount++;
        chains += recount.areas[anonVma.number()];
      }
    }
    for (AnonVma anonVma : byNumber) {
      if (anonVma != null) {
        int number = anonVma.number();
        anonVma.areas.audit(audit, anonVma.toString());
        audit.expectEqual("areas of " + anonVma, anonVma.areas.size(), recount.areas[number]);
        audit.expectEqual(
            "num_active_vmas of " + anonVma, anonVma.activeAreas, recount.activeAreas[number]);
        audit.expectEqual("num_children of " + anonVma, anonVma.children, children[number]);
      }
    }
    audit.expectObjects(anonVmaCache, anonVmaCount);
    audit.expectObjects(chainCache, chains);
  }
}
