package org.memarium.mm.space;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;

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

  AnonVmas() {
    byNumber.add(null);
  }

  /** {@code folio_anon_vma}: the one with a number, or null if it is gone. */
  public @Nullable AnonVma get(int number) {
    return number < byNumber.size() ? byNumber.get(number) : null;
  }

  private AnonVma allocate(@Nullable AnonVma parent) {
    int number = freeNumbers.isEmpty() ? byNumber.size() : freeNumbers.removeLast();
    AnonVma fresh = new AnonVma(number, parent);
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
  }

  // ---- Areas come and go ----

  /**
   * {@code __anon_vma_prepare}: gives an area that has no anon_vma its own.
   *
   * @param reusable the one of a neighbour that it may share, or null
   */
  void prepare(Vma area, @Nullable AnonVma reusable) {
    AnonVma anonVma = reusable == null ? allocate(null) : reusable;
    area.anonVma = anonVma;
    link(area, anonVma);
    anonVma.activeAreas++;
  }

  /** {@code anon_vma_chain_link}. */
  private static void link(Vma area, AnonVma anonVma) {
    AnonVmaChain chain = new AnonVmaChain(area, anonVma);
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
   */
  void clone(Vma to, Vma from) {
    for (AnonVmaChain chain : from.anonVmaChain) {
      AnonVma anonVma = chain.anonVma;
      link(to, anonVma);
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
  }

  /**
   * {@code anon_vma_fork}: an area of a forked process, copied from its parent's, enters the trees
   * of the parent's and gets an anon_vma for its own pages.
   */
  void fork(Vma child, Vma parent) {
    AnonVma of = parent.anonVma;
    if (of == null) {
      return;
    }
    child.anonVma = null;
    clone(child, parent);
    if (child.anonVma == null) {
      AnonVma fresh = allocate(of);
      fresh.activeAreas++;
      child.anonVma = fresh;
      link(child, fresh);
    }
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
    for (AnonVma anonVma : byNumber) {
      if (anonVma != null) {
        children[anonVma.parent.number()]++;
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
  }
}
