package org.memarium.app;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitCallTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** The rules of the house, as far as a machine can hold them; they apply to all modules. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchitectureTest {
  private static final String ROOT = "org.memarium.";

  /** Lowest first; a module knows only those before it. */
  private static final List<String> MODULES =
      List.of("hardware", "cpu", "mm", "kernel", "malloc", "lab", "app");

  /** The packages of mm, lowest first. */
  private static final List<String> MM_PACKAGES =
      List.of(
          "trace",
          "frame",
          "pagetable",
          "slab",
          "vmalloc",
          "file",
          "swap",
          "space",
          "rmap",
          "compaction",
          "oom",
          "reclaim",
          "fault");

  private JavaClasses house;

  @BeforeAll
  void importAllModules() {
    house =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.memarium");
  }

  @TestFactory
  Stream<DynamicTest> aModuleKnowsOnlyThoseBelowIt() {
    return downOnly(MODULES, ROOT);
  }

  @TestFactory
  Stream<DynamicTest> aPackageOfMmKnowsOnlyThoseBelowIt() {
    return downOnly(MM_PACKAGES, ROOT + "mm.");
  }

  private Stream<DynamicTest> downOnly(List<String> lowestFirst, String prefix) {
    return lowestFirst.stream()
        .map(name -> {
          String[] above =
              lowestFirst.subList(lowestFirst.indexOf(name) + 1, lowestFirst.size()).stream()
                  .map(higher -> prefix + higher + "..")
                  .toArray(String[]::new);
          return DynamicTest.dynamicTest(
              name,
              () ->
                  noClasses()
                      .that()
                      .resideInAPackage(prefix + name + "..")
                      .should()
                      .dependOnClassesThat()
                      .resideInAnyPackage(above)
                      .allowEmptyShould(true)
                      .check(house));
        });
  }

  @Test
  void everyModuleOfTheHouseIsSeenHere() {
    for (String module : List.of("hardware", "cpu", "mm", "kernel", "app")) {
      assertTrue(house.containPackage(ROOT + module), module);
    }
  }

  /** What they share (the architecture, the numbers of errors) stands between trace and frame. */
  @Test
  void whatThePackagesOfMmShareKnowsOnlyTheTrace() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + "mm")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            MM_PACKAGES.stream()
                .filter(name -> !name.equals("trace"))
                .map(name -> ROOT + "mm." + name + "..")
                .toArray(String[]::new))
        .check(house);
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(house);
  }

  @Test
  void rawMemoryIsTouchedOnlyInHardware() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "hardware..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("sun.misc.Unsafe")
        .orShould()
        .dependOnClassesThat()
        .resideInAPackage("jdk.internal..")
        .check(house);
  }

  @Test
  void onlyTheCommandPrints() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "app..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .orShould()
        .accessTargetWhere(
            describe("print a stack trace", access -> access.getName().equals("printStackTrace")))
        .check(house);
  }

  @Test
  void nothingStaticChanges() {
    fields()
        .that()
        .areStatic()
        .and(describe("are not synthetic", f -> !f.getModifiers().contains(JavaModifier.SYNTHETIC)))
        .should()
        .beFinal()
        .check(house);
  }

  @Test
  void theWallClockIsNotRead() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + "app..")
        .should()
        .accessTargetWhere(
            call("the wall clock", "java.lang.System", "currentTimeMillis", "nanoTime"))
        .orShould()
        .accessTargetWhere(
            describe(
                "now() of java.time or a system clock",
                access ->
                    access.getTargetOwner().getPackageName().equals("java.time")
                        && (access.getName().equals("now")
                            || access.getName().startsWith("system")
                            || access.getName().startsWith("tick"))))
        .orShould()
        .accessTargetWhere(call("the date", "java.util.Date", "<init>"))
        .check(house);
  }

  @Test
  void nothingIsRandomWithoutASeed() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.security.SecureRandom")
        .orShould()
        .accessTargetWhere(call("a random number", "java.lang.Math", "random"))
        .orShould()
        .accessTargetWhere(call("a random UUID", "java.util.UUID", "randomUUID"))
        .orShould()
        .callConstructor(java.util.Random.class)
        .orShould()
        .callConstructor(java.util.SplittableRandom.class)
        .check(house);
  }

  @Test
  void everyPackageSaysWhatMayBeNull() {
    List<String> unmarked =
        house.getDefaultPackage().getSubpackagesInTree().stream()
            .filter(p -> p.getName().startsWith(ROOT) && !p.getClasses().isEmpty())
            .filter(p -> !p.isAnnotatedWith(NullMarked.class))
            .map(JavaPackage::getName)
            .toList();
    assertTrue(unmarked.isEmpty(), () -> "without @NullMarked in package-info.java: " + unmarked);
  }

  private static DescribedPredicate<JavaAccess<?>> call(
      String what, String owner, String... methods) {
    Set<String> names = Set.of(methods);
    return describe(
        "asks for " + what,
        access ->
            access instanceof JavaCall<?>
                && access.getTarget() instanceof CodeUnitCallTarget
                && access.getTargetOwner().getFullName().equals(owner)
                && names.contains(access.getName()));
  }
}
