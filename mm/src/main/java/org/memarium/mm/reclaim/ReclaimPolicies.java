package org.memarium.mm.reclaim;

import java.util.List;

/** The policies that there are, by name. */
public final class ReclaimPolicies {
  /** The name of the one that is taken unless another is asked for. */
  public static final String DEFAULT = "linux";

  private static final List<String> NAMES = List.of(DEFAULT);

  private ReclaimPolicies() {}

  /** What {@code --reclaim} may be. */
  public static List<String> names() {
    return NAMES;
  }

  /**
   * Makes a policy for a machine.
   *
   * @throws IllegalArgumentException if there is none of this name
   */
  static ReclaimPolicy create(String name, PolicyParts parts) {
    return switch (name) {
      case DEFAULT ->
          new TwoLists(parts.allocator(), parts.scanCount(), parts.references(), parts.eviction());
      default ->
          throw new IllegalArgumentException(
              "no reclaim policy is called %s; there are %s"
                  .formatted(name, String.join(", ", NAMES)));
    };
  }
}
