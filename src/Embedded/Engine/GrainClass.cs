using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Embedded.Persistence;
using Orleans;
using Orleans.Core;
using Orleans.Placement;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>A grain class: its names, placement, and how to make one.</summary>
internal sealed class GrainClass
{
    private readonly ConstructorInvoker _constructor;
    private readonly ParameterInfo[] _parameters;
    private readonly TimeSpan? _ownAgeLimit;

    public GrainClass(Type type)
    {
        Type = type;
        Name = GrainType.Create(type.GetCustomAttribute<GrainTypeAttribute>()?.GrainType ?? DefaultName(type));
        Interfaces = [.. type.GetInterfaces().Where(i => typeof(IGrain).IsAssignableFrom(i) && i.Assembly != typeof(IGrain).Assembly)];
        Strategy = type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy.GetType();
        _ownAgeLimit = type.IsDefined(typeof(KeepAliveAttribute)) ? TimeSpan.MaxValue : type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.AgeLimit;
        var constructors = type.GetConstructors();
        var constructor = constructors.Length == 1
            ? constructors[0]
            : constructors.SingleOrDefault(c => c.IsDefined(typeof(ActivatorUtilitiesConstructorAttribute)))
                ?? throw new OrleansException($"{type} needs exactly one public constructor.");
        _constructor = ConstructorInvoker.Create(constructor);
        _parameters = constructor.GetParameters();
    }

    public Type Type { get; }

    public GrainType Name { get; }

    public Type[] Interfaces { get; }

    /// <summary>The most derived grain interface: what references made by the engine itself implement.</summary>
    public Type PrimaryInterface => Interfaces.First(i => !Interfaces.Any(other => other != i && i.IsAssignableFrom(other)));

    /// <summary>The strategy's type: as with Orleans, the director gets the instance that is registered, not the attribute's.</summary>
    public Type? Strategy { get; }

    public TimeSpan AgeLimit(EmbeddedSilo silo)
    {
        var options = silo.CollectionOptions;
        return options.ClassSpecificCollectionAge.TryGetValue(Type.FullName!, out var age) ? age : _ownAgeLimit ?? options.CollectionAge;
    }

    /// <summary>Calls the constructor; state parameters are collected in <paramref name="states"/> to be read.</summary>
    public object CreateInstance(Activation activation, List<IStorage> states)
    {
        var arguments = new object?[_parameters.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = Resolve(_parameters[i], activation, states);
        }

        return _constructor.Invoke(arguments.AsSpan());
    }

    private static object? Resolve(ParameterInfo parameter, Activation activation, List<IStorage> states)
    {
        var services = activation.ActivationServices;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } facet)
        {
            var state = PersistentState.Create(parameter.ParameterType, facet, activation);
            states.Add(state);
            return state;
        }

        if (parameter.ParameterType == typeof(IGrainContext))
        {
            return activation;
        }

        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed)
        {
            return services.GetRequiredKeyedService(parameter.ParameterType, keyed.Key);
        }

        return parameter.HasDefaultValue
            ? services.GetService(parameter.ParameterType) ?? parameter.DefaultValue
            : services.GetRequiredService(parameter.ParameterType);
    }

    private static string DefaultName(Type type)
    {
        const string Suffix = "grain";
        var name = type.Name.ToLowerInvariant();
        return name.EndsWith(Suffix, StringComparison.Ordinal) && name.Length > Suffix.Length ? name[..^Suffix.Length] : name;
    }
}
