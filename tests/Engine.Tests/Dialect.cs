using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans.Concurrency;

namespace Nexus.Engine.Tests;

/// <summary>The rules of src/Embedded/README.md, checked by reflection on interfaces and on the types they carry.</summary>
internal sealed class Dialect
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly HashSet<Type> s_simple =
    [
        typeof(string), typeof(decimal), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly),
        typeof(TimeOnly), typeof(Uri), typeof(Version), typeof(System.Net.IPAddress), typeof(System.Net.IPEndPoint),
    ];

    private static readonly HashSet<Type> s_collections =
    [
        typeof(List<>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(Queue<>), typeof(Nullable<>), typeof(KeyValuePair<,>),
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableHashSet<>), typeof(ImmutableDictionary<,>),
        typeof(ImmutableSortedDictionary<,>), typeof(ValueTuple<,>), typeof(ValueTuple<,,>),
    ];

    private readonly HashSet<Type> _seen = [];
    private readonly List<string> _violations = [];

    /// <summary>All violations of the grain and observer interfaces among the types, as sentences.</summary>
    public static IReadOnlyList<string> ViolationsIn(IEnumerable<Type> types)
    {
        var dialect = new Dialect();
        foreach (var type in types.Where(t => t.IsInterface && typeof(IAddressable).IsAssignableFrom(t)))
        {
            dialect.CheckInterface(type);
        }

        return dialect._violations;
    }

    private void CheckInterface(Type type)
    {
        var isObserver = typeof(IGrainObserver).IsAssignableFrom(type);
        Require(!type.IsGenericType, type, "is generic");
        Require(isObserver || typeof(IGrainWithStringKey).IsAssignableFrom(type), type, "is not IGrainWithStringKey");
        Require(type.GetProperties().Length == 0 && type.GetEvents().Length == 0, type, "has properties or events");
        var methods = type.GetMethods();
        foreach (var group in methods.GroupBy(method => method.Name).Where(group => group.Count() > 1))
        {
            Add($"{type.Name}.{group.Key} is overloaded");
        }

        foreach (var method in methods)
        {
            CheckMethod(method, isObserver);
        }
    }

    private void CheckMethod(MethodInfo method, bool isObserver)
    {
        var isOneWay = method.IsDefined(typeof(OneWayAttribute));
        Require(!method.IsGenericMethod, method, "is generic");
        Require(method.IsAbstract, method, "has a default implementation");
        Require(!method.IsStatic, method, "is static");
        Require(isObserver || !method.IsDefined(typeof(AlwaysInterleaveAttribute)), method, "interleaves");
        var result = method.ReturnType;
        var isTaskOf = result.IsGenericType
            && (result.GetGenericTypeDefinition() == typeof(Task<>) || result.GetGenericTypeDefinition() == typeof(ValueTask<>));
        Require(
            isTaskOf || result == typeof(Task) || result == typeof(ValueTask) || (isObserver && result == typeof(void)),
            method, $"returns {result.Name}");
        Require(!isOneWay || !isTaskOf, method, "is one-way and has a result");
        if (isTaskOf)
        {
            CheckValue(result.GetGenericArguments()[0], $"result of {Name(method)}");
        }

        foreach (var parameter in method.GetParameters())
        {
            Require(!parameter.ParameterType.IsByRef, method, $"takes {parameter.Name} by reference");
            Require(parameter.ParameterType != typeof(CancellationToken), method, "takes a CancellationToken: pass a deadline");
            CheckValue(parameter.ParameterType, $"{parameter.Name} of {Name(method)}");
        }
    }

    private void CheckValue(Type type, string where)
    {
        if (type.IsPrimitive || type.IsEnum || type.IsByRef || type == typeof(CancellationToken) || s_simple.Contains(type)
            || (type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)) || !_seen.Add(type))
        {
            return;
        }

        if (type.IsArray)
        {
            CheckValue(type.GetElementType()!, where);
        }
        else if (type.IsGenericType && s_collections.Contains(type.GetGenericTypeDefinition()))
        {
            Array.ForEach(type.GetGenericArguments(), argument => CheckValue(argument, where));
        }
        else if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
        {
            CheckMembers(type);
        }
        else
        {
            Add($"{where}: {type} is not [GenerateSerializer]");
        }
    }

    private void CheckMembers(Type type)
    {
        var ids = new HashSet<uint>();
        var positional = PositionalProperties(type);
        foreach (var property in type.GetProperties(Declared))
        {
            var id = property.GetCustomAttribute<IdAttribute>();
            var isAuto = type.GetField($"<{property.Name}>k__BackingField", Declared) is not null;
            Require(id is null || ids.Add(id.Id), property, $"has the same id as another member: {id?.Id}");
            Require(id is not null || !isAuto || positional.Contains(property.Name), property, "has no [Id]: it does not cross");
            if (isAuto)
            {
                CheckValue(property.PropertyType, $"{type.Name}.{property.Name}");
            }
        }

        foreach (var field in type.GetFields(Declared).Where(field => !field.IsDefined(typeof(CompilerGeneratedAttribute))))
        {
            var id = field.GetCustomAttribute<IdAttribute>();
            Require(id is not null, field, "has no [Id]: it does not cross");
            Require(id is null || ids.Add(id.Id), field, $"has the same id as another member: {id?.Id}");
            CheckValue(field.FieldType, $"{type.Name}.{field.Name}");
        }

        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            CheckValue(parent, $"base of {type.Name}");
        }
    }

    private static HashSet<string> PositionalProperties(Type type)
    {
        var deconstruct = type.GetMethods(Declared).FirstOrDefault(method =>
            method.Name == "Deconstruct" && method.IsDefined(typeof(CompilerGeneratedAttribute)));
        return deconstruct is null ? [] : [.. deconstruct.GetParameters().Select(parameter => parameter.Name!)];
    }

    private static string Name(MemberInfo member) => member is Type type ? type.Name : $"{member.DeclaringType!.Name}.{member.Name}";

    private void Require(bool holds, MemberInfo member, string otherwise)
    {
        if (!holds)
        {
            Add($"{Name(member)} {otherwise}");
        }
    }

    private void Add(string violation) => _violations.Add(violation);
}
