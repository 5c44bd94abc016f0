using System.Collections.Concurrent;
using System.Reflection;
using Orleans;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>
/// All grain classes of the process, found in the loaded assemblies and in what those refer to (a grain assembly that
/// nothing refers to is not found).
/// </summary>
internal sealed class GrainCatalog
{
    private static readonly Lazy<GrainCatalog> s_all = new(() => new(Discover()));

    private readonly Dictionary<GrainType, GrainClass> _byName;
    private readonly ConcurrentDictionary<Type, GrainClass> _byInterface = new();

    private GrainCatalog(IEnumerable<Type> classes)
    {
        _byName = [];
        foreach (var grainClass in classes.Select(type => new GrainClass(type)))
        {
            if (!_byName.TryAdd(grainClass.Name, grainClass))
            {
                throw new OrleansException($"{grainClass.Type} and {_byName[grainClass.Name].Type} have the same grain type \"{grainClass.Name}\".");
            }
        }
    }

    public static GrainCatalog All => s_all.Value;

    /// <exception cref="ArgumentException">No class, or more than one, implements the interface.</exception>
    public GrainClass ForInterface(Type type) => _byInterface.GetOrAdd(type, t =>
    {
        var candidates = _byName.Values.Where(grainClass => t.IsAssignableFrom(grainClass.Type)).ToList();
        return candidates.Count switch
        {
            1 => candidates[0],
            0 => throw new ArgumentException($"Could not find an implementation for interface {t}"),
            _ => throw new ArgumentException($"{t} is implemented by {string.Join(", ", candidates.Select(c => c.Type.Name))}: ambiguous."),
        };
    });

    /// <exception cref="ArgumentException">There is no such grain type.</exception>
    public GrainClass ForName(GrainType name) => _byName.TryGetValue(name, out var grainClass)
        ? grainClass
        : throw new ArgumentException($"Could not find an implementation for grain type {name}");

    private static IEnumerable<Type> Discover()
    {
        var engine = typeof(Grain).Assembly;
        var seen = new HashSet<string>();
        var toVisit = new Queue<Assembly>(AppDomain.CurrentDomain.GetAssemblies());
        while (toVisit.TryDequeue(out var assembly))
        {
            if (assembly.IsDynamic || assembly == engine || !seen.Add(assembly.FullName!))
            {
                continue;
            }

            var references = assembly.GetReferencedAssemblies();
            foreach (var reference in references.Where(name => !seen.Contains(name.FullName) && !IsFramework(name)))
            {
                try
                {
                    toVisit.Enqueue(Assembly.Load(reference));
                }
                catch (IOException)
                {
                    // Optional references that were not deployed hold no grains.
                }
            }

            if (references.Any(name => name.Name == engine.GetName().Name))
            {
                foreach (var type in assembly.GetTypes().Where(t => t is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }
                    && typeof(IGrainBase).IsAssignableFrom(t) && typeof(IGrain).IsAssignableFrom(t)))
                {
                    yield return type;
                }
            }
        }
    }

    private static bool IsFramework(AssemblyName name)
        => name.Name is "mscorlib" or "netstandard" || name.Name!.StartsWith("System.", StringComparison.Ordinal)
            || name.Name.StartsWith("Microsoft.", StringComparison.Ordinal);
}
