package org.memarium.mm.space;

/**
 * {@code struct anon_vma}: what connects anonymous pages with the areas that may map them.
 *
 * <p>Areas that share one may merge; two areas that each have one of their own may not.
 */
public final class AnonVma {
  /** Areas that belong to it. */
  int areas;

  AnonVma() {}
}
