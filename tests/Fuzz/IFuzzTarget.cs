namespace Nexus.Fuzz;

/// <summary>
/// One parser under fuzzing. Implement it in a class of this project and <see cref="FuzzRunner"/> finds it; there is
/// nothing to register. Inputs in <c>Corpora/CLASSNAME/</c> join <see cref="Seeds"/>: put there what once broke the parser.
/// </summary>
public interface IFuzzTarget
{
    /// <summary>Well-formed inputs that mutation starts from; at least one. Small ones mutate best.</summary>
    static abstract IEnumerable<byte[]> Seeds { get; }

    /// <summary>
    /// Feeds one input to the parser and walks what it yields. Any exception is a finding; so is a broken invariant
    /// (throw by <c>Assert</c>). Must not depend on earlier inputs: findings have to repeat from their bytes alone.
    /// </summary>
    static abstract void Run(ReadOnlySpan<byte> input);
}
