package org.memarium.oracle;

/**
 * The differences that are meant: each is a rule with a name, and docs/fidelity.md has its reason.
 */
final class KnownDifferences {
  private KnownDifferences() {}

  /** Lines of smaps that are not compared. */
  static boolean smaps(String field) {
    return field.equals("Referenced") || field.equals("KSM");
  }

  /** Lines of status that are not compared. */
  static boolean status(String field) {
    return field.equals("VmPeak");
  }
}
