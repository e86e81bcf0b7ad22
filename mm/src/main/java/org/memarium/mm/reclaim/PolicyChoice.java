package org.memarium.mm.reclaim;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which policy chooses the pages that go. */
public final class PolicyChoice {
  /** Linux's two lists. */
  public static final PolicyChoice DEFAULT = new PolicyChoice("linux", null);

  private static final String OPTIMUM = "optimum";

  private static final List<String> NAMES =
      List.of("linux", "mglru", "fifo", "clock", "lru", "random", OPTIMUM);

  private final String name;
  private final @Nullable ReferenceString future;

  private PolicyChoice(String name, @Nullable ReferenceString future) {
    this.name = name;
    this.future = future;
  }

  /** The names of all policies. */
  public static List<String> names() {
    return NAMES;
  }

  /** Whether a policy must know the future: {@link #knowing} makes it. */
  public static boolean needsRecording(String name) {
    return name.equals(OPTIMUM);
  }

  /**
   * A policy by its name.
   *
   * @throws IllegalArgumentException if there is none of this name, or if it needs a recording
   */
  public static PolicyChoice of(String name) {
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException(
          "no reclaim policy is called '%s'; there are %s"
              .formatted(name, String.join(", ", NAMES)));
    }
    if (needsRecording(name)) {
      throw new IllegalArgumentException(
          "the policy '%s' needs a recording of the same run".formatted(name));
    }
    return new PolicyChoice(name, null);
  }

  /**
   * The clairvoyant optimum.
   *
   * @param recording what an earlier run {@linkplain Reclaim#record recorded}
   * @throws IOException if it cannot be read, or is no recording
   */
  public static PolicyChoice optimum(Path recording) throws IOException {
    return knowing(ReferenceString.read(recording));
  }

  static PolicyChoice knowing(ReferenceString future) {
    return new PolicyChoice(OPTIMUM, future);
  }

  /** Its name. */
  public String name() {
    return name;
  }

  /** Makes the policy for a machine. */
  ReclaimPolicy create(PolicyParts parts) {
    if (future != null) {
      return new Optimum(parts, future.fromItsBeginning());
    }
    return switch (name) {
      case "mglru" -> new MultiGenerational(parts);
      case "fifo" -> new FirstInFirstOut(parts);
      case "clock" -> new Clock(parts);
      case "lru" -> new LeastRecentlyUsed(parts);
      case "random" -> new RandomChoice(parts);
      default ->
          new TwoLists(
              parts.memory().allocator(), parts.scanCount(), parts.references(), parts.eviction());
    };
  }
}
