using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Orleans.Serialization;

namespace Nexus.Embedded.Copying;

/// <summary>Copies a <c>[GenerateSerializer]</c> type member by member; the code is compiled once per type.</summary>
internal sealed class MemberCopier<T> : Copier<T>
{
    private delegate void Fill(ref T target, ref T source, CopyContext context);

    private static readonly MethodInfo s_copyMember =
        typeof(Copier).GetMethod(nameof(CopyMember), BindingFlags.Static | BindingFlags.NonPublic)!;

    private readonly Fill _fill = Compile();
    private readonly Func<T> _create = Creator();

    public override T Copy(T value, CopyContext context)
    {
        if (typeof(T).IsValueType)
        {
            var copy = default(T)!;
            _fill(ref copy, ref value, context);
            return copy;
        }

        if (value is null)
        {
            return value;
        }

        if (context.TryGet<object>(value, out var known))
        {
            return (T)known;
        }

        var target = _create();
        context.Record(value, target!);
        _fill(ref target, ref value, context);
        return target;
    }

    private static Func<T> Creator()
    {
        if (typeof(T).IsValueType)
        {
            return static () => default!;
        }

        var constructor = typeof(T).GetConstructor(BindingFlags.Instance | BindingFlags.Public, Type.EmptyTypes);
        if (constructor is null)
        {
            return static () => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
        }

        return System.Linq.Expressions.Expression.Lambda<Func<T>>(System.Linq.Expressions.Expression.New(constructor)).Compile();
    }

    private static Fill Compile()
    {
        var byRef = typeof(T).MakeByRefType();
        var method = new DynamicMethod(
            $"Copy {typeof(T).Name}", typeof(void), [byRef, byRef, typeof(CopyContext)], typeof(MemberCopier<T>).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        foreach (var (member, isImmutable) in CopierFactory.MembersOf(typeof(T)))
        {
            Load(il, OpCodes.Ldarg_0);
            Load(il, OpCodes.Ldarg_1);
            var type = Get(il, member);
            if (!CopierFactory.IsShallow(type) && !isImmutable)
            {
                il.Emit(OpCodes.Ldarg_2);
                il.Emit(OpCodes.Call, s_copyMember.MakeGenericMethod(type));
            }

            Set(il, member);
        }

        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Fill>();
    }

    private static void Load(ILGenerator il, OpCode argument)
    {
        il.Emit(argument);
        if (!typeof(T).IsValueType)
        {
            il.Emit(OpCodes.Ldind_Ref);
        }
    }

    private static Type Get(ILGenerator il, MemberInfo member)
    {
        if (member is FieldInfo field)
        {
            il.Emit(OpCodes.Ldfld, field);
            return field.FieldType;
        }

        var property = (PropertyInfo)member;
        il.Emit(OpCodes.Call, property.GetMethod ?? throw Unusable(property));
        return property.PropertyType;
    }

    private static void Set(ILGenerator il, MemberInfo member)
    {
        if (member is FieldInfo field)
        {
            il.Emit(OpCodes.Stfld, field);
            return;
        }

        var property = (PropertyInfo)member;
        il.Emit(OpCodes.Call, property.SetMethod ?? throw Unusable(property));
    }

    private static CodecNotFoundException Unusable(PropertyInfo property)
        => new($"{property.DeclaringType}.{property.Name} has an [Id] but cannot be read and written.");
}
